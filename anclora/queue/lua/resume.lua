-- resume: open the gate of a lane at once.
-- KEYS: meta of the shard. ARGV: [lane].
-- Returns 1 when there was a gate, else 0.
-- Atomic because the gate, its timer and the lane's turn must agree.
local stop = newer_protocol()
if stop then
  return stop
end
local lane = A[1]
local was = call('HDEL', P .. 'gates', lane)
call('ZREM', P .. 'timers', '|' .. lane)
stir(lane)
return was
