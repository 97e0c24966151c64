-- promote: items held by time are due now, each at its own place.
-- KEYS: meta of the shard. ARGV: [lane, [id, ...]].
-- Returns how many were held.
-- Atomic because an item must not be held and ready at once.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, ids = A[1], A[2]
local n = 0
for i = 1, #ids do
  local record = call('HGET', P .. 'items:' .. lane, ids[i])
  if record and call('ZREM', P .. 'timers', ids[i] .. '|' .. lane) == 1 then
    ripen(lane, ids[i], record)
    n = n + 1
  end
end
stir(lane)
return n
