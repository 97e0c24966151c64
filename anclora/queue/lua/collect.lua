-- collect: take the hints of several shards at once; for one server only, where keys may be in any slot.
-- KEYS: the wake lists of a kind, one a shard. Returns the places, from 0, of those that held a token.
local found = {}
for place = 1, #KEYS do
  if redis.call('LPOP', KEYS[place]) then
    found[#found + 1] = place - 1
  end
end
return found
