-- open_shard: from now on claims of this epoch are served.
-- KEYS: meta of the shard. ARGV: [epoch].
-- Returns 1.
-- Atomic because epoch and protocol belong together.
local stop = newer_protocol()
if stop then
  return stop
end
call('HSET', P .. 'meta', 'epoch', A[1], 'protocol', PROTOCOL)
return 1
