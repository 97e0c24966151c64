-- Shared by the verbs that know the limits of a lane; stands between `shard.lua` and the verb's own file.
--
-- A value of `rules` is the MessagePack array [interval in microseconds (0 = no rate), burst, jitter 0 to 1, gap in ms
-- of an order key, items in 24 h, new order keys in 24 h (0 = no cap), share of both kept for levels 0 and 1, the
-- closed levels as four digits 0 | 1, items in flight at once (0 = no cap)].
-- `pace:<lane>` holds `tat`, the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371) in
-- microseconds, and what was let out by quarters of an hour; `seen:<lane>` the order keys of 24 h, each scored with the
-- token of its first grant; `fresh:<lane>` what stood ready and needs room for a new order key.
local QUARTER, DAY = 900000, 86400000 -- ms
local PACE_SECONDS = 90000 -- a lane that was silent for a day has nothing to remember

local function rules_of(lane)
  local raw = call('HGET', P .. 'rules', lane)
  return raw and cmsgpack.unpack(raw)
end

-- Per level: how many more items may leave, and how many of them for an order key that is new. A window is counted in
-- whole quarters, so a cap is never passed in any 24 hours. None for a lane without caps and closed levels.
local function room_of(lane, rules, token)
  if not rules or (rules[5] == 0 and rules[6] == 0 and rules[8] == '0000') then
    return
  end
  local sent, seen, sends, news = 0, 0, {}, {}
  if rules[5] > 0 then
    local oldest = math.floor((NOW - DAY) / QUARTER)
    local fields = call('HGETALL', P .. 'pace:' .. lane)
    for i = 1, #fields, 2 do
      local quarter = tonumber(fields[i])
      if quarter and quarter >= oldest then
        sent = sent + fields[i + 1]
      elseif quarter then
        call('HDEL', P .. 'pace:' .. lane, fields[i])
      end
    end
  end
  if rules[6] > 0 then
    call('ZREMRANGEBYSCORE', P .. 'seen:' .. lane, '-inf', string.format('%.0f', NOW_US - DAY * 1000))
    seen = call('ZCARD', P .. 'seen:' .. lane)
  end
  for level = 0, 3 do
    local share = level < 2 and 1 or 1 - rules[7]
    local closed = byte(rules[8], level + 1) == 49
    sends[level] = closed and 0 or rules[5] == 0 and math.huge or math.floor(rules[5] * share) - sent
    news[level] = rules[6] == 0 and math.huge or math.floor(rules[6] * share) - seen
  end
  return { sends = sends, news = news, sent = sent, keyed = rules[6] > 0, token = token }
end

-- When up to `take` items may go, as { moments in ms }, { theoretical arrival times after each }. A probe goes at once.
local function slots(lane, rules, take, horizon_ms, probe)
  local interval, jitter = rules[1], rules[3]
  local tat = tonumber(call('HGET', P .. 'pace:' .. lane, 'tat') or 0)
  local slack, latest = (rules[2] - 1) * interval, NOW_US + horizon_ms * 1000
  local moments, arrivals = {}, {}
  if jitter > 0 then
    math.randomseed(tonumber(sub(digits(NOW_US), 8)) + #lane)
  end
  for i = 1, take do
    local go = math.max(NOW_US, tat - slack)
    if go > latest and not probe then
      break
    end
    tat = math.max(tat, NOW_US) + interval * (1 + jitter * (2 * math.random() - 1))
    moments[i], arrivals[i] = probe and NOW or math.floor(go / 1000), tat
  end
  return moments, arrivals, math.ceil((tat - slack) / 1000) - horizon_ms
end

-- Whether an item of a level has room, and if so takes it.
local function admit(lane, level, id, room)
  if room.sends[level] <= 0 then
    return false
  end
  if room.keyed then
    local key = sub(call('HGET', P .. 'items:' .. lane, id), 18)
    local seen = P .. 'seen:' .. lane
    if not call('ZSCORE', seen, key) then
      if room.news[level] <= 0 then
        return false
      end
      call('ZADD', seen, room.token, key)
      call('EXPIRE', seen, PACE_SECONDS)
      for l = 0, 3 do
        room.news[l] = room.news[l] - 1
      end
    end
  end
  for l = 0, 3 do
    room.sends[l] = room.sends[l] - 1
  end
  return true
end

-- What a lane with caps or closed levels lets out now, flat [id, score, ...]; at most MOVED step aside in one call.
local function admitted(lane, take, room)
  local ready, fresh = P .. 'ready:' .. lane, P .. 'fresh:' .. lane
  local waiting = room.keyed and call('ZRANGE', fresh, 0, math.min(take, MOVED) - 1, 'WITHSCORES') or {}
  for i = 1, #waiting, 2 do
    if room.news[math.floor(waiting[i + 1] / LEVEL)] >= (i + 1) / 2 then
      call('ZREM', fresh, waiting[i])
      call('ZADD', ready, waiting[i + 1], waiting[i])
    end
  end
  local out, moved = {}, 0
  for level = 0, 3 do
    local found = { true }
    while found[1] and #out < 2 * take and moved < MOVED and room.sends[level] > 0 do
      local wanted = math.min(take - #out / 2, room.sends[level], MOVED)
      local bounds = { level * LEVEL, '(' .. (level + 1) * LEVEL, 'WITHSCORES', 'LIMIT', 0, wanted }
      found = call('ZRANGEBYSCORE', ready, unpack(bounds))
      for i = 1, #found, 2 do
        local id, score = found[i], found[i + 1]
        call('ZREM', ready, id)
        if admit(lane, level, id, room) then
          out[#out + 1] = id
          out[#out + 1] = score
        else
          call('ZADD', fresh, score, id)
          moved = moved + 1
        end
      end
    end
  end
  return out, moved >= MOVED
end

-- `n` items of a lane left at this moment (or, negative, came back untried).
local function charge(lane, rules, n, moment_ms)
  if rules[5] > 0 then
    call('HINCRBY', P .. 'pace:' .. lane, string.format('%.0f', math.floor(moment_ms / QUARTER)), n)
  end
  call('EXPIRE', P .. 'pace:' .. lane, PACE_SECONDS)
end

-- An item that came back untried costs nothing: neither its slot, nor its place in the caps.
local function refund(lane, rules, token, key)
  local pace, seen = P .. 'pace:' .. lane, P .. 'seen:' .. lane
  local tat = call('HGET', pace, 'tat')
  if tat then
    call('HSET', pace, 'tat', string.format('%.0f', tat - rules[1]))
  end
  if call('EXISTS', pace) == 1 then
    charge(lane, rules, -1, tonumber(token) / 1000)
  end
  if tonumber(call('ZSCORE', seen, key) or 0) == tonumber(token) then
    call('ZREM', seen, key)
  end
end

-- A lane that waits for the next slot of its rate finds out anew when that is.
local function rethink(lane)
  local mode = call('HGET', P .. 'gates', lane)
  if mode and byte(mode) == 112 then
    call('ZREM', P .. 'timers', '|' .. lane)
    open_gate(lane)
  end
end

-- How many items a lane may let out at this moment, whoever they are: by its rate, what is in flight, a slow start.
local function hands(lane, rules, mode, active)
  local n = math.huge
  if rules and rules[1] > 0 then
    local tat = math.max(NOW_US, tonumber(call('HGET', P .. 'pace:' .. lane, 'tat') or 0))
    n = math.floor((NOW_US + (rules[2] - 1) * rules[1] - tat) / rules[1]) + 1
  end
  if rules and rules[9] > 0 then
    n = math.min(n, rules[9] - active)
  end
  local window = string.match(mode, '^s(%d+)$')
  if window then
    n = math.min(n, window - active)
  end
  return math.max(n, 0)
end
