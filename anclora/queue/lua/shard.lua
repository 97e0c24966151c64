-- Shared by every verb; put in front of it, after the line with PROTOCOL and a clock (NOW in ms, NOW_US in microseconds).
--
-- KEYS[1] is the shard's `meta` hash; every other key has the same prefix, so the same hash tag and the same slot.
-- ARGV[1] is a MessagePack array. What the keys hold: see `anclora/queue/__init__.py`.
--
-- A record of `items` begins with its state, then the 16 digits of its score (priority digit, then sequence number):
--   W score key                 waits: in `ready` (the one item its order key puts forward) or in `park`
--   A score token holder key    in flight; token has 16 digits, holder 36 bytes; its lease is in `leases`
--   H score due key             a head that keeps its place: in `park`, not before `due` (16 digits, ms); in `timers`
--   D score key                 held by time alone, out of every order: in `timers`
-- A value of `heads` is a flag, the priority digit and the id of the item an order key puts forward (ready or in
-- flight; none = every item of the key is held). Flags: `-` nothing else of the key waits, `+` more may wait in `park`,
-- `*` a head may be held in `park`, `~` the key rests after its last item (no id).
-- A value of `gates` is a mode: `c` closed, `w` closed and then one probe, `g` one probe may go, `t` + token: it is out,
-- `s` + n: starting again, n in flight at the most, `p` (+ what it was before): until the next slot of its rate.
-- Members of `timers`: id|lane held item, |lane gate, +|lane look at its limits again, =|lane|key rest of an order key.
local call, sub, byte = redis.call, string.sub, string.byte
local P = sub(KEYS[1], 1, -5)
local A = cmsgpack.unpack(ARGV[1])
local LEVEL = 1e15 -- score = priority * LEVEL + sequence number
local MOVED = 250 -- due timers one call moves at most
local FULL = 64 -- in flight at once, from which on a lane that starts again is as open as any
local score_of, tail_start, put_in_tail -- of `tail.lua`
local WAITING, ACTIVE, HELD, CAREFUL, RESTING = 87, 65, 72, 42, 126 -- bytes of W, A, H, * and ~

-- The error a script of an older protocol must stop with, or nil.
local function newer_protocol()
  local stored = call('HGET', P .. 'meta', 'protocol')
  if not stored then
    call('HSET', P .. 'meta', 'protocol', PROTOCOL)
  elseif tonumber(stored) > PROTOCOL then
    return redis.error_reply('PROTOCOL ' .. stored)
  end
end

local function digits(number)
  return string.format('%016.0f', number)
end

local function kind_of(lane)
  return string.match(lane, '^[^:]*')
end

-- One token a shard and kind at the most: the hint that somebody should claim.
local function wake(kind)
  if call('LLEN', P .. 'wake:' .. kind) == 0 then
    call('RPUSH', P .. 'wake:' .. kind, '1')
  end
end

-- Put a lane in the round of those that can be served, when something stands ready and no gate is closed; `done` items
-- of it went well. `forced` = even when nothing stands ready: what waits for room has to be looked at.
local function stir(lane, done, forced)
  local mode = call('HGET', P .. 'gates', lane)
  local before, window = string.match(mode or '', '^(p?)s(%d+)$')
  if window and done then
    mode = before .. 's' .. (window + done)
    if window + done < FULL then
      call('HSET', P .. 'gates', lane, mode)
    elseif before == '' then
      call('HDEL', P .. 'gates', lane)
    else
      call('HSET', P .. 'gates', lane, 'p')
    end
  end
  local open = not mode or mode == 'g' or byte(mode) == 115
  if open and (forced or call('EXISTS', P .. 'ready:' .. lane, P .. 'tail:' .. lane) > 0) then
    local kind = kind_of(lane)
    call('ZADD', P .. 'turns:' .. kind, 'NX', NOW_US, lane)
    wake(kind)
  end
end

-- Decide anew which item of an order key stands ready. `held` = a held head may have come to `park`.
local function settle(lane, key, held)
  local heads, ready, park = P .. 'heads:' .. lane, P .. 'ready:' .. lane, P .. 'park:' .. lane .. '|' .. key
  local head = call('HGET', heads, key)
  if head and byte(head) == RESTING then
    return
  end
  local careful = held or (head and byte(head) == CAREFUL)
  local flag = careful and '*' or '+'
  if head and #head > 2 then
    local id = sub(head, 3)
    local from = ready
    local score = call('ZSCORE', ready, id)
    if not score then
      from = P .. 'fresh:' .. lane
      score = call('ZSCORE', from, id)
    end
    if not score then -- in flight: the order key is busy
      call('HSET', heads, key, flag .. sub(head, 2))
      return
    end
    call('ZREM', from, id)
    call('ZADD', park, score, id)
  end
  local best
  if careful then -- a held head blocks what came after it in its own level, and nothing else
    for level = 0, 3 do
      local first = call('ZRANGEBYSCORE', park, level * LEVEL, '(' .. (level + 1) * LEVEL, 'WITHSCORES', 'LIMIT', 0, 1)
      if first[1] and byte(call('HGET', P .. 'items:' .. lane, first[1])) ~= HELD then
        best = first
        break
      end
    end
  else
    best = call('ZRANGE', park, 0, 0, 'WITHSCORES')
  end
  if best and best[1] then
    call('ZREM', park, best[1])
    call('ZADD', ready, best[2], best[1])
    if call('EXISTS', park) == 0 then
      flag = '-'
    end
    call('HSET', heads, key, flag .. math.floor(best[2] / LEVEL) .. best[1])
  elseif call('EXISTS', park) == 1 then
    call('HSET', heads, key, '*0')
  else
    call('HDEL', heads, key)
  end
end

-- `n` items of a lane left the flight; a lane without any item leaves no trace.
local function landed(lane, n)
  if call('HINCRBY', P .. 'lanes', lane, 0 - n) == 0 and call('EXISTS', P .. 'items:' .. lane, P .. 'tail:' .. lane) == 0 then
    call('HDEL', P .. 'lanes', lane)
    call('HDEL', P .. 'places', lane)
  end
end

-- For `gap_ms` no item of an order key is put forward.
local function rest(lane, key, gap_ms)
  call('HSET', P .. 'heads:' .. lane, key, '~0')
  call('ZADD', P .. 'timers', NOW + gap_ms, '=|' .. lane .. '|' .. key)
end

-- Give an item in flight back: to its old place (due now), as a head that keeps its place until `due` or for `block`
-- ms (-1 = no limit), or, with `block` 0, out of the order until `due`; a `due` below 0 = it leaves the lane. Its order
-- key rests for `gap_ms`, or not at all.
local function give_back(lane, id, record, due, block, gap_ms)
  local items, member = P .. 'items:' .. lane, id .. '|' .. lane
  local score, token, key = sub(record, 2, 17), sub(record, 18, 33), sub(record, 70)
  local held = due > NOW and block ~= 0
  if due < 0 then
    call('HDEL', items, id)
  elseif due <= NOW then
    call('HSET', items, id, 'W' .. score .. key)
  elseif held then
    call('HSET', items, id, 'H' .. score .. digits(due) .. key)
    call('ZADD', P .. 'timers', block > 0 and math.min(due, NOW + block) or due, member)
  else
    call('HSET', items, id, 'D' .. score .. key)
    call('ZADD', P .. 'timers', due, member)
  end
  if held or (0 <= due and due <= NOW) then
    call('ZADD', P .. 'park:' .. lane .. '|' .. key, score, id)
  end
  call('ZREM', P .. 'leases', member)
  call('HSET', P .. 'heads:' .. lane, key, sub(call('HGET', P .. 'heads:' .. lane, key), 1, 1) .. '0')
  if gap_ms and gap_ms > 0 then
    rest(lane, key, gap_ms)
  else
    settle(lane, key, held)
  end
  landed(lane, 1)
  if call('HGET', P .. 'gates', lane) == 't' .. token then -- the probe proved nothing: another one may go
    call('HSET', P .. 'gates', lane, 'g')
    call('ZREM', P .. 'timers', '|' .. lane)
  end
end

-- For every (lane, {id, token, ...}) of the argument, with `width` values an item: the record of those still ours.
-- Calls `each(lane, id, record, entry, index of the item's first value)`; returns how many there were.
local function each_held(groups, width, each)
  local n = 0
  for g = 1, #groups, 2 do
    local lane, entry, ids = groups[g], groups[g + 1], {}
    for i = 1, #entry, width do
      ids[#ids + 1] = entry[i]
    end
    local records = call('HMGET', P .. 'items:' .. lane, unpack(ids))
    local seen = {}
    for i = 1, #ids do
      local record = records[i]
      local at = (i - 1) * width + 1
      if record and byte(record) == ACTIVE and sub(record, 18, 33) == entry[at + 1] and not seen[ids[i]] then
        seen[ids[i]] = true
        n = n + 1
        each(lane, ids[i], record, entry, at)
      end
    end
  end
  return n
end

-- A held item is held no longer. One that nobody took yet may belong in the tail.
local function ripen(lane, id, record)
  local score, key = sub(record, 2, 17), sub(record, byte(record) == HELD and 34 or 18)
  local level = tonumber(sub(score, 1, 1))
  local starts = tail_start(lane, level)
  if starts and tonumber(score) > starts then
    call('HDEL', P .. 'items:' .. lane, id)
    return put_in_tail(lane, level, tonumber(sub(score, 2)), id, key)
  end
  call('HSET', P .. 'items:' .. lane, id, 'W' .. score .. key)
  call('ZADD', P .. 'park:' .. lane .. '|' .. key, score, id)
  settle(lane, key, false)
end

-- A gate whose time is over takes its next mode.
local function open_gate(lane)
  local gates, mode = P .. 'gates', call('HGET', P .. 'gates', lane)
  if mode == 'c' or mode == 'p' then
    call('HDEL', gates, lane)
  elseif byte(mode) == 112 then
    call('HSET', gates, lane, sub(mode, 2))
  else
    call('HSET', gates, lane, 'g')
  end
end

-- Move what is due, bounded: held items back into their order, gates to their next mode, rested keys to their next item.
local function advance()
  local due = call('ZRANGEBYSCORE', P .. 'timers', '-inf', NOW, 'LIMIT', 0, MOVED)
  if not due[1] then
    return
  end
  call('ZREM', P .. 'timers', unpack(due))
  local touched = {}
  for i = 1, #due do
    local id, lane = string.match(due[i], '^([^|]*)|(.*)$')
    if id == '' then
      open_gate(lane)
    elseif id == '+' then
      stir(lane, nil, true)
    elseif id == '=' then
      local key
      lane, key = string.match(lane, '^([^|]*)|(.*)$')
      call('HDEL', P .. 'heads:' .. lane, key)
      settle(lane, key, true)
    else
      local items = P .. 'items:' .. lane
      local record = call('HGET', items, id)
      local until_ms = byte(record) == HELD and tonumber(sub(record, 18, 33)) or 0
      if until_ms <= NOW then
        ripen(lane, id, record)
      else -- it blocked long enough: later items may pass
        local key = sub(record, 34)
        call('ZREM', P .. 'park:' .. lane .. '|' .. key, id)
        call('HSET', items, id, 'D' .. sub(record, 2, 17) .. key)
        call('ZADD', P .. 'timers', until_ms, due[i])
        settle(lane, key, false)
      end
    end
    touched[lane] = true
  end
  for lane in pairs(touched) do
    stir(lane)
  end
end
