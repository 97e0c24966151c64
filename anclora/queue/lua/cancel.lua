-- cancel: items that are not in flight leave their lane for good.
-- KEYS: meta of the shard. ARGV: [lane, [id, ...], 1 = look for them in the whole tail too | 0].
-- Returns one letter an item, in order: c(anceled), f = in flight, m(issing).
-- Atomic because leaving and choosing the order key's next item are one step.
local stop = newer_protocol()
if stop then
  return stop
end
local lane, ids = A[1], A[2]
local items, heads, answers, missing = P .. 'items:' .. lane, P .. 'heads:' .. lane, {}, {}
for i = 1, #ids do
  local id = ids[i]
  local record = call('HGET', items, id)
  if not record then
    answers[i], missing[id] = 'm', A[3] == 1 or nil
  elseif byte(record) == ACTIVE then
    answers[i] = 'f'
  else
    answers[i] = 'c'
    local key = sub(record, byte(record) == HELD and 34 or 18)
    local head = call('HGET', heads, key)
    call('HDEL', items, id)
    call('ZREM', P .. 'timers', id .. '|' .. lane)
    call('ZREM', P .. 'park:' .. lane .. '|' .. key, id)
    if head and sub(head, 3) == id then
      call('ZREM', P .. 'ready:' .. lane, id)
      call('ZREM', P .. 'fresh:' .. lane, id)
      call('HSET', heads, key, sub(head, 1, 1) .. '0')
    end
    if head then
      settle(lane, key, byte(record) == HELD)
    end
  end
end
local cut = next(missing) and cut_from_tail(lane, missing) or {}
for i = 1, #ids do
  if cut[ids[i]] then
    answers[i], cut[ids[i]] = 'c', nil
  end
end
landed(lane, 0)
stir(lane)
return table.concat(answers)
