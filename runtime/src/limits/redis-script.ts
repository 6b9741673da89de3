import { type Script, script } from "../redis/redis-script.ts";

// A counter is a text of two whole numbers and a scale. For a rate: the time of the last charge, the ticks charged then,
// and the ticks of one unit of cost. For a calendar unit: the end of the unit, the units charged in it, and its name.
// Times are in microseconds since 1970, by Redis's clock. If that goes back, a rate continues from there.
// During a deployment, two versions of a BFF with different rates charge one counter. Units therefore count, whatever
// the ticks of a unit were at the last charge.
const SHARED = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- End of the calendar unit that contains a moment, UTC. Days count from 1970 in the Gregorian calendar, in years that begin in March.
local function ends(unit, micros)
  local day = math.floor(micros / 86400000000)
  if unit == 'day' then return (day + 1) * 86400000000 end
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local month = math.floor((5 * doy + 2) / 153)
  if month < 11 then return (day - doy + math.floor((153 * (month + 1) + 2) / 5)) * 86400000000 end
  local year = era * 400 + yoe + 1
  local century = math.floor(year / 400)
  local rest = year - century * 400
  local march = century * 146097 + 365 * rest + math.floor(rest / 4) - math.floor(rest / 100) - 719468
  return march * 86400000000
end

local function charged(key, scale, drain)
  local value = redis.call('GET', key)
  local at, level, last = string.match(value or '', '^(%d+) (%d+) (%w+)$')
  at = tonumber(at)
  level = tonumber(level)
  if not level or level > 9007199254740991 or at > 9007199254740991 then return 0 end
  if not tonumber(scale) then
    if last ~= scale or at ~= ends(scale, now) then return 0 end
    return level
  end
  if last ~= scale then
    local ticks = tonumber(last)
    if not ticks or ticks < 1 then return 0 end
    level = math.min(math.floor(level / ticks * tonumber(scale) + 0.5), 9007199254740991)
  end
  if now > at then return math.max(0, level - (now - at) * drain) end
  return level
end

local function keep(key, scale, drain, level)
  if level <= 0 then
    redis.call('DEL', key)
    return
  end
  level = math.min(level, 9007199254740991)
  local at = now
  local micros = level / math.max(drain, 1e-300)
  if not tonumber(scale) then
    at = ends(scale, now)
    micros = at - now
  end
  local life = math.min(math.floor(micros / 1000) + 1, 315360000000)
  redis.call('SET', key, string.format('%.0f %.0f %s', at, level, scale), 'PX', string.format('%.0f', life))
end
`;

/**
 * Charges all keys, or none. For each key four arguments: its scale, which is the ticks of one unit of cost or the calendar
 * unit; ticks that expire in a microsecond; ticks that fit; ticks to charge. Returns the time of the charge, in
 * microseconds since 1970. Otherwise returns for each key the time until there is room, in microseconds, and the ticks
 * that there is room for now.
 */
export const CHARGE: Script = script(`${SHARED}
local levels = {}
local waits = {}
local refused = false
for i = 1, #KEYS do
  local scale = ARGV[4 * i - 3]
  local drain = tonumber(ARGV[4 * i - 2])
  local full = tonumber(ARGV[4 * i - 1])
  local level = charged(KEYS[i], scale, drain)
  local after = level + tonumber(ARGV[4 * i])
  local wait = 0
  if after > full then
    refused = true
    if tonumber(scale) then wait = math.ceil((after - full) / drain) else wait = ends(scale, now) - now end
  end
  levels[i] = after
  waits[2 * i - 1] = wait
  waits[2 * i] = math.max(0, full - level)
end
if refused then return waits end
for i = 1, #KEYS do keep(KEYS[i], ARGV[4 * i - 3], tonumber(ARGV[4 * i - 2]), levels[i]) end
return now
`);

/**
 * Charges one key, whether or not there is room. Arguments: its scale; ticks that expire in a microsecond; ticks to
 * charge, negative to return them; the time of the charge that is returned.
 */
export const ADD: Script = script(`${SHARED}
local scale = ARGV[1]
local drain = tonumber(ARGV[2])
local ticks = tonumber(ARGV[3])
if not tonumber(scale) and ticks < 0 and ends(scale, tonumber(ARGV[4])) ~= ends(scale, now) then return 0 end
keep(KEYS[1], scale, drain, charged(KEYS[1], scale, drain) + ticks)
return 1
`);
