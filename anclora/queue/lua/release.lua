-- release: items in flight that were not tried go back.
-- KEYS: meta of the shard. ARGV: [lane, entries, lane, ...], an entry being, flat,
-- [id, token, due epoch ms, -1 = as a head that keeps its place | 0 = out of the order until due].
-- Returns how many there were; a stale token changes nothing.
-- Atomic because giving an order key back and choosing its next item are one step.
local stop = newer_protocol()
if stop then
  return stop
end
local touched = {}
local total = each_held(A, 4, function(lane, id, record, entry, at)
  give_back(lane, id, record, entry[at + 2], entry[at + 3])
  touched[lane] = true
end)
for lane in pairs(touched) do
  stir(lane)
end
return total
