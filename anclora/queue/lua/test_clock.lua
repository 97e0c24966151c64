-- The clock of scripts loaded with `test_offset=True`: the server's own plus an offset that a test sets.
local moment = redis.call('TIME')
local offset = redis.call('GET', string.sub(KEYS[1], 1, -5) .. 'test_clock_offset_ms')
local NOW_US = moment[1] * 1000000 + moment[2] + (offset and tonumber(offset) or 0) * 1000
local NOW = math.floor(NOW_US / 1000)
