-- limit: from now on a lane keeps these limits; what it let out before counts.
-- KEYS: meta of the shard. ARGV: [lane, rules as `pace.lua` describes them, or false = none].
-- Returns 1.
-- Atomic because the limits, the gate of the rate and what waits for room must agree.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, rules = A[1], A[2]
local pace, ready, fresh = P .. 'pace:' .. lane, P .. 'ready:' .. lane, P .. 'fresh:' .. lane
if rules then
  call('HSET', P .. 'rules', lane, cmsgpack.pack(rules))
else
  call('HDEL', P .. 'rules', lane)
end
rethink(lane)
local tat = tonumber(call('HGET', pace, 'tat') or 0)
local latest = NOW_US + (rules and rules[1] * rules[2] or 0)
if tat > latest then
  call('HSET', pace, 'tat', string.format('%.0f', latest))
end
if call('EXISTS', fresh) == 1 and not (rules and rules[6] > 0) then
  call('ZUNIONSTORE', ready, 2, ready, fresh)
  call('DEL', fresh)
end
if call('EXISTS', P .. 'items:' .. lane, P .. 'tail:' .. lane) > 0 then
  stir(lane, nil, true)
end
return 1
