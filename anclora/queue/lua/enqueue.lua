-- enqueue: add items to lanes; what is there already keeps its place, and is due no later than asked for.
-- KEYS: meta of the shard. ARGV: [lane, [[id, order key, priority 0-3, due epoch ms or 0, place or 0], ...], lane, ...].
-- Returns one letter an item, in order: a(dded), p(resent), f = in flight.
-- Atomic because the look whether an item exists, its sequence number and its place are one decision.
local stop = newer_protocol()
if stop then
  return stop
end
local timers = P .. 'timers'
local highest = tonumber(call('HGET', P .. 'meta', 'sequence') or 0)
local before, answers = highest, {}

-- One that is there and held by time: its time comes no later than asked for.
local function hasten(lane, id, record, due)
  local held = call('ZSCORE', timers, id .. '|' .. lane)
  if not held then
    return
  end
  local at, timer = math.max(due, NOW), tonumber(held)
  local keeps_place = byte(record) == HELD
  if at < (keeps_place and tonumber(sub(record, 18, 33)) or timer) then
    if keeps_place then
      call('HSET', P .. 'items:' .. lane, id, sub(record, 1, 17) .. digits(at) .. sub(record, 34))
    end
    call('ZADD', timers, math.min(at, timer), id .. '|' .. lane)
    wake(kind_of(lane))
  end
end

local function hold(lane, held, later)
  call('HSET', P .. 'items:' .. lane, unpack(held))
  local first = call('ZRANGE', timers, 0, 0)[1]
  call('ZADD', timers, unpack(later))
  if call('ZRANGE', timers, 0, 0)[1] ~= first then -- somebody may wait for a later moment
    wake(kind_of(lane))
  end
end

local function add(lane, list)
  local items, ids = P .. 'items:' .. lane, {}
  for i = 1, #list do
    ids[i] = list[i][1]
  end
  local records = call('HMGET', items, unpack(ids))
  local full, top = call('HLEN', items), tonumber(call('HGET', P .. 'places', lane) or 0)
  local new_top, starts, known, some, held, later, behind = top, {}, {}, {}, {}, {}, {}
  for level = 0, 3 do
    starts[level] = tail_start(lane, level)
  end
  local all
  local function is_packed(level, place, id)
    if place > 0 then
      return place <= top and starts[level] and in_tail(lane, level, place, id)
    end
    all = all or ids_in_tail(lane)
    return all[id]
  end
  for i = 1, #list do
    local id, key, level, due, place = unpack(list[i])
    local record = records[i]
    if record then
      answers[#answers + 1] = byte(record) == ACTIVE and 'f' or 'p'
      hasten(lane, id, record, due)
    elseif known[id] or is_packed(level, place, id) then
      answers[#answers + 1] = 'p'
    else
      answers[#answers + 1], known[id] = 'a', true
      local late = 0 < place and place <= new_top -- what came before may stand behind it
      if place == 0 then
        place = highest + 1
      end
      highest, new_top = math.max(highest, place), math.max(new_top, place)
      local score = score_of(level, place)
      if due > NOW then
        held[#held + 1], held[#held + 2] = id, 'D' .. score .. key
        later[#later + 1], later[#later + 2] = due, id .. '|' .. lane
      elseif not late and (starts[level] or full + #some >= FULLY) then
        local flat = behind[level] or {}
        local n = #flat
        flat[n + 1], flat[n + 2], flat[n + 3] = place, id, key
        behind[level], starts[level] = flat, starts[level] or tonumber(score)
      elseif starts[level] and tonumber(score) >= starts[level] then
        if behind[level] then -- it may belong among those
          append(lane, level, behind[level])
          behind[level] = nil
        end
        put_in_tail(lane, level, place, id, key)
      else
        some[#some + 1] = { id, key, level, score, late }
      end
    end
  end
  if not next(known) then
    return
  end
  if new_top > top then
    call('HSET', P .. 'places', lane, string.format('%.0f', new_top))
  end
  call('HSETNX', P .. 'lanes', lane, 0)
  if held[1] then
    hold(lane, held, later)
  end
  stand(lane, some)
  for level, flat in pairs(behind) do
    append(lane, level, flat)
  end
  stir(lane)
end

for i = 1, #A, 2 do
  add(A[i], A[i + 1])
end
if highest > before then
  call('HSET', P .. 'meta', 'sequence', string.format('%.0f', highest))
end
return table.concat(answers)
