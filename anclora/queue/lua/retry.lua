-- retry: items in flight that were tried in vain wait for their next try, as heads that keep their place.
-- KEYS: meta of the shard. ARGV: [lane, entries, lane, ...], an entry being, flat,
-- [id, token, due epoch ms, for how many ms it keeps its place (-1 = until due, 0 = not at all)].
-- Returns how many there were; a stale token changes nothing.
-- Atomic because giving an order key back and choosing its next item are one step.
local stop = newer_protocol()
if stop then
  return stop
end
local touched = {} -- lane -> its rules
local total = each_held(A, 4, function(lane, id, record, entry, at)
  if touched[lane] == nil then
    touched[lane] = rules_of(lane) or false
  end
  give_back(lane, id, record, entry[at + 2], entry[at + 3], touched[lane] and touched[lane][4])
end)
for lane in pairs(touched) do
  stir(lane)
end
return total
