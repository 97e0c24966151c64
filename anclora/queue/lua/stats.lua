-- stats: move what is due, then count, lane by lane.
-- KEYS: meta of the shard. ARGV: [].
-- Returns MessagePack: flat [lane, items, those that lack only a consumer, in flight, mode of the gate or '', closed
-- levels as four digits 0 | 1, let out in 24 h (-1 = not counted), ...], of lanes with items, a gate or closed levels.
-- Atomic because the counts must be those of one moment.
local stop = newer_protocol()
if stop then
  return stop
end
advance()
local answer, told, active, mode, rules = {}, {}, {}, {}, {}
local function pairs_of(key, into)
  local flat = call('HGETALL', P .. key)
  for i = 1, #flat, 2 do
    into[flat[i]] = flat[i + 1]
  end
end
pairs_of('lanes', active)
pairs_of('gates', mode)
pairs_of('rules', rules)

-- Those that stand ready or are packed, and are let out: none behind a closed gate, and of a level as many as have room.
local function free(lane, its, room, total, counts)
  local gate = mode[lane] or ''
  if gate ~= '' and byte(gate) ~= 115 then
    return 0
  end
  local ready, most = P .. 'ready:' .. lane, hands(lane, its, gate, tonumber(active[lane] or 0))
  if not room then
    return math.min(call('ZCARD', ready) + total, most)
  end
  local n = 0
  for level = 0, 3 do
    local stands = call('ZCOUNT', ready, level_bounds(level)) + counts[level + 1]
    n = n + math.max(0, math.min(stands, room.sends[level]))
  end
  return math.min(n, most)
end

local function tell(lane)
  local its = rules[lane] and cmsgpack.unpack(rules[lane])
  local room, n = room_of(lane, its), #answer
  if told[lane] or not (active[lane] or mode[lane] or (its and its[8] ~= '0000')) then
    return
  end
  told[lane] = true
  local total, counts = packed(lane)
  answer[n + 1] = lane
  answer[n + 2] = call('HLEN', P .. 'items:' .. lane) + total
  answer[n + 3] = free(lane, its, room, total, counts)
  answer[n + 4] = tonumber(active[lane] or 0)
  answer[n + 5] = mode[lane] or ''
  answer[n + 6] = its and its[8] or '0000'
  answer[n + 7] = its and its[5] > 0 and room.sent or -1
end
for _, lanes in ipairs({ active, mode, rules }) do
  for lane in pairs(lanes) do
    tell(lane)
  end
end
return cmsgpack.pack(answer)
