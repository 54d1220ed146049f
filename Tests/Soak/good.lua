-- Good requests for wrk, paced: wrk … -s good.lua URL -- RATE BODY PACKED
-- RATE is in requests per second, 0 for as fast as answers come; BODY and PACKED are files, plain and gzip.
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } soak_time;
int clock_gettime(int clock, soak_time *time);
]]

local time = ffi.new("soak_time")
local rate, plain, packed, due, sent = 0, nil, nil, 0, 0
counts = ""

local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) * 1e-9
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local data = file:read("*a")
  file:close()
  return data
end

local threads = {}

function setup(thread) table.insert(threads, thread) end

function init(arguments)
  rate = tonumber(arguments[1])
  local fields = { ["Content-Type"] = "application/json" }
  plain = wrk.format("POST", nil, fields, read(arguments[2]))
  fields["Content-Encoding"] = "gzip"
  packed = wrk.format("POST", nil, fields, read(arguments[3]))
  due = now()
end

function delay()
  if rate == 0 then return 0 end
  local time = now()
  -- What could not be sent for more than a second is not made up for.
  due = math.max(due + 1 / rate, time - 1)
  return math.max(0, (due - time) * 1000)
end

function request()
  sent = sent + 1
  return sent % 4 == 0 and packed or plain
end

local seen = {}

function response(status)
  seen[status] = (seen[status] or 0) + 1
  local text = {}
  for name, count in pairs(seen) do text[#text + 1] = name .. "=" .. count end
  counts = table.concat(text, " ")
end

function done(summary, latency)
  for _, thread in ipairs(threads) do io.write("soak: ", thread:get("counts"), "\n") end
  local errors = summary.errors
  io.write(string.format("soak: seconds=%.3f failed=%d p50=%.1f p99=%.1f\n", summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
