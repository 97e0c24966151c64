-- resume: open the gate of a lane, wholly, or so that more go at once only as those before went well.
-- KEYS: meta of the shard. ARGV: [lane, 1 = gently | 0 = wholly].
-- Returns 1 when there was a gate, else 0.
-- Atomic because the gate, its timer and the lane's turn must agree.
local stop = newer_protocol()
if stop then
  return stop
end
local lane = A[1]
local was = call('HDEL', P .. 'gates', lane)
if A[2] == 1 then
  call('HSET', P .. 'gates', lane, 's1')
end
call('ZREM', P .. 'timers', '|' .. lane)
stir(lane)
return was
