-- claim: move what is due, then lease ready items of one kind of lane, lane by lane in turn.
-- KEYS: meta of the shard. ARGV: [epoch or -1, kind, limit (0 = only look), lease ms, holder of 36 bytes].
-- Returns MessagePack [protocol, closed 0|1, now ms, next timer ms or -1, more 0|1, token, grants], each grant being
-- [lane, probe 0|1, ids, records as they were].
-- Atomic because leaving `ready`, the token and the lease are one step: an item is in one place.
local stop = newer_protocol()
if stop then
  return stop
end
local kind, lease_ms, holder = A[2], A[4], A[5]
local meta = call('HMGET', P .. 'meta', 'epoch', 'token')
if not meta[1] or tonumber(meta[1]) ~= A[1] then
  return cmsgpack.pack({ PROTOCOL, 1, NOW, -1, 0, '', {} })
end
advance()

local QUANTUM = 10 -- items a lane is served at least before the next one
local turns = P .. 'turns:' .. kind
local token = digits(math.max(NOW_US, meta[2] and meta[2] + 1 or 0)) -- grows even over a lost Redis
local left, served, grants = A[3], 0, {}

local function serve(lane, take)
  local ready, items = P .. 'ready:' .. lane, P .. 'items:' .. lane
  local probe = call('HGET', P .. 'gates', lane)
  if probe then
    take = 1
  end
  local popped = call('ZPOPMIN', ready, take)
  local ids, n = {}, #popped / 2
  for i = 1, n do
    ids[i] = popped[2 * i - 1]
  end
  local records = call('HMGET', items, unpack(ids))
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
  served = served + 1
  if probe or n < take or call('EXISTS', ready) == 0 then
    call('ZREM', turns, lane)
  else
    call('ZADD', turns, NOW_US + served, lane)
  end
  grants[#grants + 1] = { lane, probe and 1 or 0, ids, records }
  left = left - n
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
