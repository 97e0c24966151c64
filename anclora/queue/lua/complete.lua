-- complete: items in flight leave for good, and what their order keys kept back steps forward.
-- KEYS: meta of the shard. ARGV: [lane, [id, token, ...], lane, ...].
-- Returns how many there were; a stale token changes nothing.
-- Atomic because an order key must never be free without its next item standing ready.
local stop = newer_protocol()
if stop then
  return stop
end
local done = {} -- lane -> ids and order keys
local leases = {}
local total = each_held(A, 2, function(lane, id, record)
  local group = done[lane]
  if not group then
    group = { {}, {} }
    done[lane] = group
  end
  local n = #group[1] + 1
  group[1][n], group[2][n] = id, sub(record, 70)
  leases[#leases + 1] = id .. '|' .. lane
end)
if total == 0 then
  return 0
end
call('ZREM', P .. 'leases', unpack(leases))
for lane, group in pairs(done) do
  local ids, keys = group[1], group[2]
  local heads, ready = P .. 'heads:' .. lane, P .. 'ready:' .. lane
  local rules = rules_of(lane)
  if rules and rules[4] > 0 then -- whatever comes next of these keys comes later
    for i = 1, #keys do
      rest(lane, keys[i], rules[4])
    end
    keys = {}
  end
  local stored = keys[1] and call('HMGET', heads, unpack(keys))
  local free, changed, standing, unsettled = {}, {}, {}, {}
  for i = 1, #keys do
    local flag, key = byte(stored[i]), keys[i]
    local next = flag == 43 and call('ZPOPMIN', P .. 'park:' .. lane .. '|' .. key)
    if flag == CAREFUL then
      unsettled[#unsettled + 1] = key
      changed[#changed + 1] = key
      changed[#changed + 1] = '*0'
    elseif next and next[1] then
      changed[#changed + 1] = key
      changed[#changed + 1] = '+' .. math.floor(next[2] / LEVEL) .. next[1]
      standing[#standing + 1] = next[2]
      standing[#standing + 1] = next[1]
    else
      free[#free + 1] = key
    end
  end
  call('HDEL', P .. 'items:' .. lane, unpack(ids))
  if free[1] then
    call('HDEL', heads, unpack(free))
  end
  if changed[1] then
    call('HSET', heads, unpack(changed))
  end
  if standing[1] then
    call('ZADD', ready, unpack(standing))
  end
  for i = 1, #unsettled do
    settle(lane, unsettled[i], false)
  end
  landed(lane, #ids)
  stir(lane, #ids)
end
return total
