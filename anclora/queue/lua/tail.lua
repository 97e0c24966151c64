-- Shared by every verb; stands behind `shard.lua`. The tail of a lane: what waits far behind its first items, packed.
--
-- `tail:<lane>` is a sorted set of packs, each with the score of its first item. A pack is MessagePack, [place, id, order
-- key] one after the other, in order, all of one level. What stands outside of the tail comes before all of its level in
-- it, so a pack is opened when what stands before it is taken. `tails` counts what is packed by `lane|level`; `places`
-- holds the highest place a lane was given. A full record costs 370 bytes, a packed one 60.
-- FULLY comes with the protocol number: how many items a lane holds in full before others go to its tail.
local PACK = 34 * FULLY -- bytes from which on a pack is whole: about sixty items, a size Redis's allocator fits well
local OPENED = 2000 -- packed items one lane's turn opens at most

local function level_bounds(level)
  return level * LEVEL, '(' .. (level + 1) * LEVEL
end

function score_of(level, place)
  return string.format('%d%015.0f', level, place)
end

-- The score of the first item of a level in the tail, or nil.
function tail_start(lane, level)
  local low, high = level_bounds(level)
  return tonumber(call('ZRANGEBYSCORE', P .. 'tail:' .. lane, low, high, 'WITHSCORES', 'LIMIT', 0, 1)[2])
end

local function count_tail(lane, level, n)
  local field = lane .. '|' .. level
  if call('HINCRBY', P .. 'tails', field, n) == 0 then
    call('HDEL', P .. 'tails', field)
  end
end

local function packed(lane)
  local counts, total = call('HMGET', P .. 'tails', lane .. '|0', lane .. '|1', lane .. '|2', lane .. '|3'), 0
  for i = 1, 4 do
    counts[i], total = tonumber(counts[i] or 0), total + (counts[i] or 0)
  end
  return total, counts
end

-- The pack an item of this place is in, if it is in any: text, score, decoded.
local function pack_of(lane, level, place)
  local tail, score = P .. 'tail:' .. lane, score_of(level, place)
  local found = call('ZREVRANGEBYSCORE', tail, score, level * LEVEL, 'WITHSCORES', 'LIMIT', 0, 1)
  return found[1], found[2]
end

-- Whether an item of this place is in the tail.
local function in_tail(lane, level, place, id)
  local pack = pack_of(lane, level, place)
  return pack and string.find(pack, cmsgpack.pack(place, id), 1, true) ~= nil
end

-- About how many stand before an item in the tail, and its key; nil = it is not there.
local function before_in_tail(lane, level, place, id)
  local pack, score = pack_of(lane, level, place)
  local parts = pack and { cmsgpack.unpack(pack) } or {}
  for i = 2, #parts, 3 do
    if parts[i] == id then
      local packs = call('ZCOUNT', P .. 'tail:' .. lane, '-inf', '(' .. score)
      return math.floor(packs * PACK / #pack * #parts / 3) + (i - 2) / 3, parts[i + 1]
    end
  end
end

-- All of the tail by id: the pack each is in. Costs as much as the tail is long: for those whose place nobody knows.
local function ids_in_tail(lane)
  local packs, found = call('ZRANGE', P .. 'tail:' .. lane, 0, -1), {}
  for i = 1, #packs do
    local parts = { cmsgpack.unpack(packs[i]) }
    for k = 2, #parts, 3 do
      found[parts[k]] = packs[i]
    end
  end
  return found
end

-- Behind everything of a level: flat [place, id, key, ...], higher than any place of the lane.
local function append(lane, level, flat)
  local tail = P .. 'tail:' .. lane
  local low, high = level_bounds(level)
  local last = call('ZREVRANGEBYSCORE', tail, high, low, 'WITHSCORES', 'LIMIT', 0, 1)
  local parts, size, first = {}, 0, score_of(level, flat[1])
  if last[1] and #last[1] < PACK then
    call('ZREM', tail, last[1])
    parts[1], size, first = last[1], #last[1], last[2]
  end
  for i = 1, #flat, 3 do
    first = size == 0 and score_of(level, flat[i]) or first
    local part = cmsgpack.pack(flat[i], flat[i + 1], flat[i + 2])
    parts[#parts + 1], size = part, size + #part
    if size >= PACK then
      call('ZADD', tail, first, table.concat(parts))
      parts, size = {}, 0
    end
  end
  if size > 0 then
    call('ZADD', tail, first, table.concat(parts))
  end
  count_tail(lane, level, #flat / 3)
end

-- Rewrite a pack as these parts, in one piece or two.
local function repack(lane, level, pack, parts)
  local tail = P .. 'tail:' .. lane
  call('ZREM', tail, pack)
  local middle = #pack >= 2 * PACK and math.floor(#parts / 6) * 3 or #parts
  if middle > 0 then
    call('ZADD', tail, score_of(level, parts[1]), cmsgpack.pack(unpack(parts, 1, middle)))
  end
  if middle < #parts then
    call('ZADD', tail, score_of(level, parts[middle + 1]), cmsgpack.pack(unpack(parts, middle + 1)))
  end
end

-- One item to its place in the middle of the tail, which starts before it.
function put_in_tail(lane, level, place, id, key)
  local pack = pack_of(lane, level, place)
  local parts, at = { cmsgpack.unpack(pack) }, 1
  while parts[at] and (parts[at] < place or (parts[at] == place and parts[at + 1] < id)) do
    at = at + 3
  end
  table.insert(parts, at, place)
  table.insert(parts, at + 1, id)
  table.insert(parts, at + 2, key)
  repack(lane, level, pack, parts)
  count_tail(lane, level, 1)
end

-- Take items out of the tail; those that were there, as a set, like `wanted`. Costs as much as the tail is long.
local function cut_from_tail(lane, wanted)
  local packs, found = call('ZRANGE', P .. 'tail:' .. lane, 0, -1, 'WITHSCORES'), {}
  for i = 1, #packs, 2 do
    local parts, rest, level = { cmsgpack.unpack(packs[i]) }, {}, math.floor(packs[i + 1] / LEVEL)
    for k = 1, #parts, 3 do
      if wanted[parts[k + 1]] then
        found[parts[k + 1]] = true
      else
        rest[#rest + 1], rest[#rest + 2], rest[#rest + 3] = parts[k], parts[k + 1], parts[k + 2]
      end
    end
    if #rest < #parts then
      repack(lane, level, packs[i], rest)
      count_tail(lane, level, (#rest - #parts) / 3)
    end
  end
  return found
end

-- New items stand in full: each is its key's head, or waits in its park. `some` is a list of { id, key, level, score,
-- whether what came before may stand behind it }.
local function stand(lane, some)
  if not some[1] then
    return
  end
  local heads, keys, records = P .. 'heads:' .. lane, {}, {}
  for i = 1, #some do
    keys[i] = some[i][2]
    records[2 * i - 1], records[2 * i] = some[i][1], 'W' .. some[i][4] .. some[i][2]
  end
  local stored, head = call('HMGET', heads, unpack(keys)), {}
  for i = 1, #keys do
    head[keys[i]] = stored[i]
  end
  local standing, parked, changed, unsettled = {}, {}, {}, {}
  for i = 1, #some do
    local id, key, level, score, late = unpack(some[i])
    local first = head[key]
    if not first then
      head[key] = '-' .. level .. id
      changed[key] = true
      standing[#standing + 1] = score
      standing[#standing + 1] = id
    else
      local park = parked[key] or {}
      park[#park + 1] = score
      park[#park + 1] = id
      parked[key] = park
      if late or byte(first) == CAREFUL or #first == 2 or level < byte(first, 2) - 48 then
        unsettled[key] = true
      elseif byte(first) == 45 then
        head[key] = '+' .. sub(first, 2)
        changed[key] = true
      end
    end
  end
  call('HSET', P .. 'items:' .. lane, unpack(records))
  if standing[1] then
    call('ZADD', P .. 'ready:' .. lane, unpack(standing))
  end
  local flat = {}
  for key in pairs(changed) do
    flat[#flat + 1] = key
    flat[#flat + 1] = head[key]
  end
  if flat[1] then
    call('HSET', heads, unpack(flat))
  end
  for key, park in pairs(parked) do
    call('ZADD', P .. 'park:' .. lane .. '|' .. key, unpack(park))
  end
  for key in pairs(unsettled) do
    settle(lane, key, false)
  end
end

-- Open the first pack of a level; how many items it had, or nil.
local function open_pack(lane, level)
  local low, high = level_bounds(level)
  local pack = call('ZRANGEBYSCORE', P .. 'tail:' .. lane, low, high, 'LIMIT', 0, 1)[1]
  if not pack then
    return
  end
  call('ZREM', P .. 'tail:' .. lane, pack)
  local parts, ids, some = { cmsgpack.unpack(pack) }, {}, {}
  local n = #parts / 3
  for i = 1, n do
    ids[i] = parts[3 * i - 1]
  end
  local there = call('HMGET', P .. 'items:' .. lane, unpack(ids))
  for i = 1, n do
    if not there[i] then -- it was given another place meanwhile
      some[#some + 1] = { ids[i], parts[3 * i], level, score_of(level, parts[3 * i - 2]), false }
    end
  end
  count_tail(lane, level, -n)
  stand(lane, some)
  return n
end

-- The only level with a tail, when nothing outside of it comes after that level: then what is packed comes next.
local function next_level(lane, counts)
  local only
  for level = 0, 3 do
    if counts[level + 1] > 0 then
      if only then
        return
      end
      only = level
    end
  end
  return only and call('ZCOUNT', P .. 'ready:' .. lane, (only + 1) * LEVEL, '+inf') == 0 and only
end

-- From the tail straight into flight, up to `take`: adds to `ids` and `records`. What waits for its key stands in full.
local function fly(lane, level, take, ids, records)
  local tail, items, heads = P .. 'tail:' .. lane, P .. 'items:' .. lane, P .. 'heads:' .. lane
  local low, high = level_bounds(level)
  local left = OPENED
  while take > 0 and left > 0 do
    local pack = call('ZRANGEBYSCORE', tail, low, high, 'LIMIT', 0, 1)[1]
    if not pack then
      return
    end
    local parts = { cmsgpack.unpack(pack) }
    local n = math.min(take, #parts / 3)
    left = left - n
    local names, keys, busy, some, headed = {}, {}, {}, {}, {}
    for i = 1, n do
      names[i], keys[i] = parts[3 * i - 1], parts[3 * i]
    end
    local there, stored = call('HMGET', items, unpack(names)), call('HMGET', heads, unpack(keys))
    for i = 1, n do
      local id, key, score = names[i], keys[i], score_of(level, parts[3 * i - 2])
      if there[i] then -- it was given another place meanwhile
      elseif stored[i] or busy[key] then
        some[#some + 1] = { id, key, level, score, false }
      else
        busy[key], take = true, take - 1
        ids[#ids + 1], records[#records + 1] = id, 'W' .. score .. key
        headed[#headed + 1] = key
        headed[#headed + 1] = '-' .. level .. id
      end
    end
    call('ZREM', tail, pack)
    if 3 * n < #parts then
      call('ZADD', tail, score_of(level, parts[3 * n + 1]), cmsgpack.pack(unpack(parts, 3 * n + 1)))
    end
    count_tail(lane, level, -n)
    if headed[1] then
      call('HSET', heads, unpack(headed))
    end
    stand(lane, some)
  end
  return left <= 0
end

-- Open packs until `take` items stand ready, and one of every level with a tail; whether it was enough for one call.
local function open_packs(lane, take, room, counts)
  local ready, left = P .. 'ready:' .. lane, OPENED
  for level = 0, 3 do
    local low, high = level_bounds(level)
    local has = counts[level + 1] > 0 and (not room or room.sends[level] > 0)
    local alone = has and call('ZCOUNT', ready, low, high) == 0
    while has and left > 0 and (alone or call('ZCOUNT', ready, '-inf', high) < take) do
      local n = open_pack(lane, level)
      has, left, alone = n ~= nil, left - (n or 0), false
    end
  end
  return left <= 0
end
