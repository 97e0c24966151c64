-- claim: move what is due, then lease ready items of one kind of lane, lane by lane in turn, within each lane's limits.
-- KEYS: meta of the shard. ARGV: [epoch or -1, kind, limit (0 = only look), lease ms, holder of 36 bytes, horizon ms].
-- Returns MessagePack [protocol, closed 0|1, now ms, next timer ms or -1, more 0|1, token, grants], each grant being
-- [lane, probe 0|1, ids, records as they were, moments in ms to go at (none = now)].
-- Atomic because leaving `ready`, the token and the lease are one step: an item is in one place.
local stop = newer_protocol()
if stop then
  return stop
end
local kind, lease_ms, holder, horizon_ms = A[2], A[4], A[5], A[6]
local meta = call('HMGET', P .. 'meta', 'epoch', 'token')
if not meta[1] or tonumber(meta[1]) ~= A[1] then
  return cmsgpack.pack({ PROTOCOL, 1, NOW, -1, 0, '', {} })
end
advance()

local QUANTUM = 10 -- items a lane is served at least before the next one
local AGEING = 30000 -- ms a level is passed over at most before its first item goes
local turns = P .. 'turns:' .. kind
local token = digits(math.max(NOW_US, meta[2] and meta[2] + 1 or 0)) -- grows even over a lost Redis
local left, served, grants = A[3], 0, {}

-- The first item of a lower level that was passed over too long takes the place of the last one chosen.
local function age(lane, popped, room)
  local ready, pace = P .. 'ready:' .. lane, P .. 'pace:' .. lane
  local last = #popped
  local lowest = call('ZRANGE', ready, -1, -1, 'WITHSCORES')
  local here = math.floor(popped[last] / LEVEL)
  for level = here + 1, lowest[2] and math.floor(lowest[2] / LEVEL) or 0 do
    local bounds = { level * LEVEL, '(' .. (level + 1) * LEVEL, 'WITHSCORES', 'LIMIT', 0, 1 }
    local first = call('ZRANGEBYSCORE', ready, unpack(bounds))
    if first[1] then
      local since, id = string.match(call('HGET', pace, 'passed' .. level) or '', '^(%d+) (.*)$')
      if id ~= first[1] then
        call('HSET', pace, 'passed' .. level, NOW .. ' ' .. first[1])
        call('EXPIRE', pace, PACE_SECONDS)
      elseif NOW - since >= AGEING and (not room or admit(lane, level, first[1], room)) then
        call('ZADD', ready, popped[last], popped[last - 1])
        call('ZREM', ready, first[1])
        popped[last - 1], popped[last] = first[1], first[2]
        return
      end
    end
  end
end

local function lease(lane, ids, records, probe)
  local items, n = P .. 'items:' .. lane, #ids
  local flying, leases, ends = {}, {}, NOW + lease_ms
  local mark, suffix = token .. holder, '|' .. lane
  for i = 1, n do
    local id, record = ids[i], records[i]
    flying[2 * i - 1] = id
    flying[2 * i] = 'A' .. sub(record, 2, 17) .. mark .. sub(record, 18)
    leases[2 * i - 1] = ends
    leases[2 * i] = id .. suffix
  end
  call('HSET', items, unpack(flying))
  call('ZADD', P .. 'leases', unpack(leases))
  call('HINCRBY', P .. 'lanes', lane, n)
  if probe then -- until somebody says how it went, or its lease is over, nothing else goes
    call('HSET', P .. 'gates', lane, 't' .. token)
    call('ZADD', P .. 'timers', ends, suffix)
  end
end

-- How many a lane may let out by its rate and its slow start, the moments, and when to look again (ms, or none).
local function allowance(lane, mode, rules, take, probe)
  if probe then
    take = 1
  elseif mode or (rules and rules[9] > 0) then
    local window = mode and tonumber(sub(mode, 2)) or math.huge
    local cap = rules and rules[9] > 0 and rules[9] or math.huge
    take = math.min(take, math.min(window, cap) - call('HGET', P .. 'lanes', lane))
  end
  if not rules or rules[1] == 0 or take <= 0 then
    return take, {}
  end
  local moments, arrivals, again = slots(lane, rules, take, horizon_ms, probe)
  return #moments, moments, arrivals, #moments < take and again
end

local function serve(lane, take)
  local ready, gates = P .. 'ready:' .. lane, P .. 'gates'
  local mode, rules = call('HGET', gates, lane), rules_of(lane)
  local probe = mode == 'g'
  local asked = take
  local moments, arrivals, again
  take, moments, arrivals, again = allowance(lane, mode, rules, take, probe)
  local popped, unfinished = {}, false
  local room = take > 0 and room_of(lane, rules, token)
  local ids, records, much, level = {}, {}, false, nil
  if take > 0 and call('EXISTS', P .. 'tail:' .. lane) == 1 then
    local _, counts = packed(lane)
    level = not room and next_level(lane, counts)
    much = not level and open_packs(lane, take, room, counts)
  end
  if room then
    popped, unfinished = admitted(lane, take, room)
  elseif take > 0 then
    popped = call('ZPOPMIN', ready, take)
  end
  local n = #popped / 2
  if n > 0 and n == take and not probe and call('EXISTS', ready) == 1 then
    age(lane, popped, room)
  end
  for i = 1, n do
    ids[i] = popped[2 * i - 1]
  end
  if n > 0 then
    records = call('HMGET', P .. 'items:' .. lane, unpack(ids))
  end
  if level and n < take then
    much = fly(lane, level, take - n, ids, records)
    n = #ids
  end
  if n > 0 then
    if arrivals then
      call('HSET', P .. 'pace:' .. lane, 'tat', string.format('%.0f', arrivals[n]))
    end
    if rules then
      charge(lane, rules, n, NOW)
    end
    lease(lane, ids, records, probe)
    for i = #moments, n + 1, -1 do
      moments[i] = nil
    end
    grants[#grants + 1] = { lane, probe and 1 or 0, ids, records, moments }
    left = left - n
  end
  served = served + 1
  unfinished = unfinished or (much and n > 0 and n < take)
  local more = call('EXISTS', ready, P .. 'tail:' .. lane) > 0 or (room and call('EXISTS', P .. 'fresh:' .. lane) == 1)
  if again and n == take and more then -- nothing to do here until its next slot
    call('HSET', gates, lane, 'p' .. (mode or ''))
    call('ZADD', P .. 'timers', math.max(again, NOW + 1), '|' .. lane)
  elseif room and n < take and more then
    call('ZADD', P .. 'timers', (math.floor(NOW / QUARTER) + 1) * QUARTER, '+|' .. lane)
  end
  if unfinished or (more and not probe and not again and n > 0 and n == take and take == asked) then
    call('ZADD', turns, NOW_US + served, lane)
  else
    call('ZREM', turns, lane)
  end
  if unfinished then -- enough for one call
    left = 0
  end
end

while left > 0 do
  local lanes = call('ZRANGE', turns, 0, math.ceil(left / QUANTUM) - 1)
  if not lanes[1] then
    break
  end
  local share = math.max(QUANTUM, math.floor(left / #lanes))
  for i = 1, #lanes do
    if left > 0 then
      serve(lanes[i], math.min(share, left))
    end
  end
end

if grants[1] then
  call('HSET', P .. 'meta', 'token', token)
end
local more = call('EXISTS', turns)
if more == 1 then
  wake(kind)
else
  call('DEL', P .. 'wake:' .. kind)
end
local nearest = call('ZRANGE', P .. 'timers', 0, 0, 'WITHSCORES')[2]
return cmsgpack.pack({ PROTOCOL, 0, NOW, nearest and tonumber(nearest) or -1, more, token, grants })
