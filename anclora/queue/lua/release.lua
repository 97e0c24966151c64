-- release: items in flight that were not tried go back, and cost their lane's limits nothing.
-- KEYS: meta of the shard. ARGV: [lane, entries, lane, ...], an entry being, flat,
-- [id, token, due epoch ms or -1 = it leaves the lane, -1 = as a head that keeps its place | 0 = out of the order until
-- due].
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
  give_back(lane, id, record, entry[at + 2], entry[at + 3])
  if touched[lane] then
    refund(lane, touched[lane], sub(record, 18, 33), sub(record, 70))
  end
end)
for lane, rules in pairs(touched) do
  if rules then
    rethink(lane)
  end
  stir(lane)
end
return total
