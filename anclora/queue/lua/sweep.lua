-- sweep: items whose lease ran out go back to their old place; the next claim gives them another token.
-- KEYS: meta of the shard. ARGV: [items at most].
-- Returns how many there were.
-- Atomic because an item must not be in flight and waiting at once.
local stop = newer_protocol()
if stop then
  return stop
end
local expired = call('ZRANGEBYSCORE', P .. 'leases', '-inf', NOW, 'LIMIT', 0, A[1])
local touched = {}
for i = 1, #expired do
  local id, lane = string.match(expired[i], '^([^|]*)|(.*)$')
  give_back(lane, id, call('HGET', P .. 'items:' .. lane, id), 0, 0)
  touched[lane] = true
end
for lane in pairs(touched) do
  stir(lane)
end
return #expired
