-- stats: move what is due, then count, lane by lane.
-- KEYS: meta of the shard. ARGV: [].
-- Returns MessagePack: flat [lane, items, those that lack only a consumer, in flight, mode of the gate or '', ...].
-- Atomic because the counts must be those of one moment.
local stop = newer_protocol()
if stop then
  return stop
end
advance()
local answer, seen = {}, {}
local gates = call('HGETALL', P .. 'gates')
local mode = {}
for i = 1, #gates, 2 do
  mode[gates[i]] = gates[i + 1]
end

-- Those that stand ready and are let out: none behind a closed gate, and of a level only as many as have room.
local function free(lane)
  if mode[lane] and byte(mode[lane]) ~= 115 then
    return 0
  end
  local ready, room = P .. 'ready:' .. lane, room_of(lane, rules_of(lane))
  if not room then
    return call('ZCARD', ready)
  end
  local n = 0
  for level = 0, 3 do
    local stands = call('ZCOUNT', ready, level * LEVEL, '(' .. (level + 1) * LEVEL)
    n = n + math.max(0, math.min(stands, room.sends[level]))
  end
  return n
end

local lanes = call('HGETALL', P .. 'lanes')
for i = 1, #lanes, 2 do
  local lane, n = lanes[i], #answer
  seen[lane] = true
  answer[n + 1] = lane
  answer[n + 2] = call('HLEN', P .. 'items:' .. lane)
  answer[n + 3] = free(lane)
  answer[n + 4] = tonumber(lanes[i + 1])
  answer[n + 5] = mode[lane] or ''
end
for lane, gate in pairs(mode) do
  if not seen[lane] then
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5] = lane, 0, 0, 0, gate
  end
end
return cmsgpack.pack(answer)
