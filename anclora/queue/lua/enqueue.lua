-- enqueue: add items to one lane; what is there already keeps its place, and is due no later than asked for.
-- KEYS: meta of the shard. ARGV: [lane, [[id, order key, priority 0-3, due epoch ms or 0, place or 0], ...]].
-- Returns one letter an item, in order: a(dded), p(resent), f = in flight.
-- Atomic because the look whether an item exists, its sequence number and its place are one decision.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, list = A[1], A[2]
local items, heads, ready, timers = P .. 'items:' .. lane, P .. 'heads:' .. lane, P .. 'ready:' .. lane, P .. 'timers'
local ids, keys = {}, {}
for i = 1, #list do
  ids[i], keys[i] = list[i][1], list[i][2]
end
local records = call('HMGET', items, unpack(ids))
local stored = call('HMGET', heads, unpack(keys))
local head = {}
for i = 1, #keys do
  head[keys[i]] = stored[i]
end
local highest = tonumber(call('HGET', P .. 'meta', 'sequence') or 0)
local answers, new, standing, later, parked, changed, unsettled, known = {}, {}, {}, {}, {}, {}, {}, {}
for i = 1, #list do
  local id, key, priority, due, record = ids[i], keys[i], list[i][3], list[i][4], records[i]
  if record or known[id] then
    answers[i] = record and byte(record) == ACTIVE and 'f' or 'p'
    local held = record and call('ZSCORE', timers, id .. '|' .. lane)
    if held then -- held by time: its time comes no later than asked for
      local at, timer = math.max(due, NOW), tonumber(held)
      local keeps_place = byte(record) == HELD
      if at < (keeps_place and tonumber(sub(record, 18, 33)) or timer) then
        if keeps_place then
          call('HSET', items, id, sub(record, 1, 17) .. digits(at) .. sub(record, 34))
        end
        call('ZADD', timers, math.min(at, timer), id .. '|' .. lane)
        wake(kind_of(lane))
      end
    end
  else
    answers[i], known[id] = 'a', true
    local place = list[i][5]
    local late = 0 < place and place <= highest -- what came before may stand behind it
    if place == 0 then
      place = highest + 1
    end
    highest = math.max(highest, place)
    local score = string.format('%d%015.0f', priority, place)
    new[#new + 1] = id
    if due > NOW then
      new[#new + 1] = 'D' .. score .. key
      later[#later + 1] = due
      later[#later + 1] = id .. '|' .. lane
    else
      new[#new + 1] = 'W' .. score .. key
      local first = head[key]
      if not first then
        head[key] = '-' .. priority .. id
        changed[key] = true
        standing[#standing + 1] = score
        standing[#standing + 1] = id
      else
        local park = parked[key] or {}
        park[#park + 1] = score
        park[#park + 1] = id
        parked[key] = park
        if late or byte(first) == CAREFUL or #first == 2 or priority < byte(first, 2) - 48 then
          unsettled[key] = true
        elseif byte(first) == 45 then
          head[key] = '+' .. sub(first, 2)
          changed[key] = true
        end
      end
    end
  end
end
if not new[1] then
  return table.concat(answers)
end
call('HSET', P .. 'meta', 'sequence', string.format('%.0f', highest))
call('HSETNX', P .. 'lanes', lane, 0)
call('HSET', items, unpack(new))
if later[1] then
  local first = call('ZRANGE', timers, 0, 0)[1]
  call('ZADD', timers, unpack(later))
  if call('ZRANGE', timers, 0, 0)[1] ~= first then -- somebody may wait for a later moment
    wake(kind_of(lane))
  end
end
if standing[1] then
  call('ZADD', ready, unpack(standing))
end
local pairs_of_heads = {}
for key in pairs(changed) do
  pairs_of_heads[#pairs_of_heads + 1] = key
  pairs_of_heads[#pairs_of_heads + 1] = head[key]
end
if pairs_of_heads[1] then
  call('HSET', heads, unpack(pairs_of_heads))
end
for key, park in pairs(parked) do
  call('ZADD', P .. 'park:' .. lane .. '|' .. key, unpack(park))
end
for key in pairs(unsettled) do
  settle(lane, key, false)
end
stir(lane)
return table.concat(answers)
