-- peek: what an item waits for, and what its lane would let out.
-- KEYS: meta of the shard. ARGV: [lane, id, priority, place] as it was enqueued; place 0 = it is not looked for in the
-- tail of its lane.
-- Returns MessagePack [now ms, place: missing | active | ready | fresh | parked | held, due ms (held), items before it
-- (ready, fresh), the id its order key puts forward or '', end of the key's rest ms, mode of the gate without `p`, end
-- of the gate ms, its level closed 0|1, items its level may let out (-1 = no cap), when that changes ms, order keys its
-- level may begin (-1 = no cap, or its key is known), when that changes ms, next slot of the rate ms, interval of the
-- rate ms, items that may go now (-1 = any number)]. A moment of 0 = none, or unknown.
-- Atomic because all of it must be of one moment.
local stop = newer_protocol()
if stop then
  return stop
end
advance()
local lane, id = A[1], A[2]
local ready, fresh, pace, seen = P .. 'ready:' .. lane, P .. 'fresh:' .. lane, P .. 'pace:' .. lane, P .. 'seen:' .. lane
local record = call('HGET', P .. 'items:' .. lane, id)
local state = record and byte(record)
local level = record and tonumber(sub(record, 2, 2)) or A[3]
local key = state and sub(record, state == ACTIVE and 70 or state == HELD and 34 or 18) or ''
local head = call('HGET', P .. 'heads:' .. lane, key) or ''

local place, before, due = 'missing', -1, 0
if state == ACTIVE then
  place = 'active'
elseif state == WAITING then
  place, before = 'ready', call('ZRANK', ready, id) or -1
  if before == -1 then
    place, before = 'fresh', call('ZRANK', fresh, id) or -1
  end
  place = before == -1 and 'parked' or place
elseif state then
  place = 'held'
  due = state == HELD and tonumber(sub(record, 18, 33)) or tonumber(call('ZSCORE', P .. 'timers', id .. '|' .. lane))
elseif A[4] > 0 then
  local packed_before, its_key = before_in_tail(lane, level, A[4], id)
  if packed_before then
    place, before, key = 'ready', call('ZCOUNT', ready, '-inf', '(' .. (level + 1) * LEVEL) + packed_before, its_key
    head = call('HGET', P .. 'heads:' .. lane, key) or ''
  end
end

local mode = call('HGET', P .. 'gates', lane) or ''
local paced = byte(mode) == 112
if paced then
  mode = sub(mode, 2)
end
local rules = rules_of(lane)
local room = room_of(lane, rules)
local sends, sends_at, news, news_at, slot = -1, 0, -1, 0, 0
if room and rules[5] > 0 then
  local oldest
  local fields = call('HKEYS', pace)
  for i = 1, #fields do
    local quarter = tonumber(fields[i])
    oldest = quarter and math.min(oldest or quarter, quarter) or oldest
  end
  sends = math.max(0, math.floor(rules[5] * (level < 2 and 1 or 1 - rules[7])) - room.sent)
  sends_at = oldest and (oldest + 1) * QUARTER + DAY or 0
end
if room and rules[6] > 0 and not call('ZSCORE', seen, key) then
  news = math.max(0, room.news[level])
  news_at = math.ceil((call('ZRANGE', seen, 0, 0, 'WITHSCORES')[2] or 0) / 1000)
  news_at = news_at > 0 and news_at + DAY or 0
end
if rules and rules[1] > 0 then
  local tat = tonumber(call('HGET', pace, 'tat') or 0)
  slot = math.ceil((tat - (rules[2] - 1) * rules[1]) / 1000)
end
local free = hands(lane, rules, mode, tonumber(call('HGET', P .. 'lanes', lane) or 0))
return cmsgpack.pack({
  NOW,
  place,
  due,
  before,
  sub(head, 3),
  byte(head) == RESTING and tonumber(call('ZSCORE', P .. 'timers', '=|' .. lane .. '|' .. key)) or 0,
  mode,
  not paced and tonumber(call('ZSCORE', P .. 'timers', '|' .. lane) or 0) or 0,
  rules and byte(rules[8], level + 1) == 49 and 1 or 0,
  sends,
  sends_at,
  news,
  news_at,
  slot > NOW and slot or 0,
  rules and rules[1] / 1000 or 0,
  free == math.huge and -1 or free,
})
