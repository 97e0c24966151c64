-- extend: a new lease, counted from now, for items in flight.
-- KEYS: meta of the shard. ARGV: [lease ms, [lane, [id, token, ...], lane, ...]].
-- Returns the ids that were still held, each followed by its lane and token.
-- Atomic because a lease may only grow while the token is the item's.
local stop = newer_protocol()
if stop then
  return stop
end
local ends, kept, leases = NOW + A[1], {}, {}
each_held(A[2], 2, function(lane, id, record)
  kept[#kept + 1] = id
  kept[#kept + 1] = lane
  kept[#kept + 1] = sub(record, 18, 33)
  leases[#leases + 1] = ends
  leases[#leases + 1] = id .. '|' .. lane
  if call('HGET', P .. 'gates', lane) == 't' .. sub(record, 18, 33) then
    call('ZADD', P .. 'timers', ends, '|' .. lane)
  end
end)
if leases[1] then
  call('ZADD', P .. 'leases', unpack(leases))
end
return cmsgpack.pack(kept)
