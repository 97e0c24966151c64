-- pause: close the gate of a lane; what is in flight stays so. A lane that rests for longer already, or until it is
-- resumed, goes on doing so: of two refusals the longer rest wins, whichever comes last.
-- KEYS: meta of the shard. ARGV: [lane, for how many ms (-1 = until resume), 1 = then one probe | 0 = then open].
-- Returns 1.
-- Atomic because the gate, its timer and the lane's turn must agree.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, for_ms = A[1], A[2]
local mode = call('HGET', P .. 'gates', lane)
if for_ms >= 0 and (mode == 'c' or mode == 'w') then
  local ends = call('ZSCORE', P .. 'timers', '|' .. lane)
  if not ends or tonumber(ends) > NOW + for_ms then
    return 1
  end
end
call('HSET', P .. 'gates', lane, for_ms >= 0 and A[3] == 1 and 'w' or 'c')
call('ZREM', P .. 'turns:' .. kind_of(lane), lane)
if for_ms >= 0 then
  call('ZADD', P .. 'timers', NOW + for_ms, '|' .. lane)
else
  call('ZREM', P .. 'timers', '|' .. lane)
end
return 1
