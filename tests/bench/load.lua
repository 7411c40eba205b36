-- What wrk sends: requests made beforehand (bodies.py), each once, read from a file as they are needed.
-- Arguments: the file, and the position in it to go on from. For one thread (-t1), so that each is sent once.

local thread

function setup(only)
  thread = only
end

function init(args)
  file = assert(io.open(args[1], "rb"))
  file:setvbuf("full", 1024 * 1024)
  position, again = tonumber(args[2]), 0
  file:seek("set", position)
end

function request()
  local length = file:read(8)
  if not length then
    position, again = 0, 1
    file:seek("set", 0)
    length = file:read(8)
  end
  position = position + 8 + tonumber(length)
  return file:read(tonumber(length))
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"answered":%d,"seconds":%f,"refused":%d,"failed":%d,"p50":%f,"p99":%f,"p999":%f,"position":%d,"again":%d}\n',
    summary.requests, summary.duration / 1e6,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3,
    thread:get("position"), thread:get("again")))
end
