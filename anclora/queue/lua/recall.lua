-- recall: what a lane let out in the last day, from whoever remembers it; what the lane itself knows better stays.
-- KEYS: meta of the shard. ARGV: [lane, [quarter, count, ...], [order key, first ms, ...], [order key, last ms, ...],
-- moment of the last one in ms or 0]; quarters as in `pace.lua`, counted from the epoch.
-- Returns 1.
-- Atomic because no item may leave between two of the counters.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, quarters, firsts, lasts, latest = A[1], A[2], A[3], A[4], A[5]
local pace, seen, heads = P .. 'pace:' .. lane, P .. 'seen:' .. lane, P .. 'heads:' .. lane
local rules = rules_of(lane)
if not rules then
  return 1
end
if rules[5] > 0 then
  for i = 1, #quarters, 2 do
    local field = string.format('%.0f', quarters[i])
    local known = tonumber(call('HGET', pace, field) or 0)
    call('HSET', pace, field, math.max(known, quarters[i + 1]))
  end
end
if rules[6] > 0 then
  for i = 1, #firsts, 2 do
    call('ZADD', seen, 'NX', string.format('%.0f', firsts[i + 1] * 1000), firsts[i])
  end
  call('EXPIRE', seen, PACE_SECONDS)
end
for i = 1, #lasts, 2 do
  local left = lasts[i + 1] + rules[4] - NOW
  if left > 0 and call('HEXISTS', heads, lasts[i]) == 0 then
    rest(lane, lasts[i], left)
  end
end
if rules[1] > 0 and latest > 0 then
  local tat = math.max(tonumber(call('HGET', pace, 'tat') or 0), latest * 1000 + rules[1])
  call('HSET', pace, 'tat', string.format('%.0f', tat))
end
call('EXPIRE', pace, PACE_SECONDS)
return 1
