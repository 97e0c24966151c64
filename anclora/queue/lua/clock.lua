-- The clock of production scripts: the server's own, in whole microseconds and milliseconds.
local moment = redis.call('TIME')
local NOW_US = moment[1] * 1000000 + moment[2]
local NOW = math.floor(NOW_US / 1000)
