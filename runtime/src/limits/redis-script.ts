import { type Script, script } from "../redis/redis-script.ts";

// A counter is a text of two whole numbers and a scale. For a rate: the time of the last charge, the ticks charged then,
// and the ticks of one unit of cost. For a calendar unit: the end of the unit, the units charged in it, and its name.
// Times are in microseconds since 1970, by Redis's clock. If that goes back, a rate continues from there.
// A rate with leases has two more numbers: the ticks that processes hold, and the time of the last lease. These ticks are
// not free, but they do not expire as charged ones do: a process may use them later, and reports the used ones when it
// gives the lease back. Two seconds after the last lease, the ticks that are still held count as charged, because a
// killed process may have used them.
// During a deployment, two versions of a BFF with different rates charge one counter. Units therefore count, whatever
// the ticks of a unit were at the last charge.
const SHARED = `
local LEASE_MICROS = 2000000
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

local function rescaled(level, from, to)
  return math.min(math.floor(level / from * to + 0.5), 9007199254740991)
end

-- Returns the ticks that are charged, the ticks that are held, and the time of the last lease.
local function charged(key, scale, drain)
  local value = redis.call('GET', key)
  local at, level, last, held, leased = string.match(value or '', '^(%d+) (%d+) (%w+) ?(%d*) ?(%d*)$')
  at = tonumber(at)
  level = tonumber(level)
  held = tonumber(held) or 0
  leased = tonumber(leased) or 0
  if not level or math.max(level, at, held, leased) > 9007199254740991 then return 0, 0, 0 end
  if not tonumber(scale) then
    if last ~= scale or at ~= ends(scale, now) then return 0, 0, 0 end
    return level, 0, 0
  end
  if last ~= scale then
    local ticks = tonumber(last)
    if not ticks or ticks < 1 then return 0, 0, 0 end
    level = rescaled(level, ticks, tonumber(scale))
    held = rescaled(held, ticks, tonumber(scale))
  end
  local over = leased + LEASE_MICROS
  if held > 0 and now >= over then
    level = math.max(0, level - math.max(0, over - at) * drain) + held
    at = math.max(at, over)
    held = 0
  end
  if now > at then level = math.max(0, level - (now - at) * drain) end
  return level, held, leased
end

local function keep(key, scale, drain, level, held, leased)
  if level <= 0 and held <= 0 then
    redis.call('DEL', key)
    return
  end
  level = math.min(level, 9007199254740991)
  local at = now
  local micros = (level + held) / math.max(drain, 1e-300)
  local value = '%.0f %.0f %s'
  if held > 0 then
    micros = micros + LEASE_MICROS
    value = '%.0f %.0f %s %.0f %.0f'
  elseif not tonumber(scale) then
    at = ends(scale, now)
    micros = at - now
  end
  local life = math.min(math.floor(micros / 1000) + 1, 315360000000)
  redis.call('SET', key, string.format(value, at, level, scale, held, leased), 'PX', string.format('%.0f', life))
end

-- Gives back a lease of some ticks, of which some have been used, unless they count as charged already.
local function back(level, held, ticks, used, since)
  if tonumber(ticks) == 0 or now >= since + LEASE_MICROS then return level, held end
  return level + used, math.max(0, held - ticks)
end
`;

/**
 * Charges all keys, or none. For each key four arguments: its scale, which is the ticks of one unit of cost or the calendar
 * unit; ticks that expire in a microsecond; ticks that fit; ticks to charge. With leases four more: ticks of the wanted
 * lease; of the lease that is given back its ticks, those that are used, and its time. Returns the time of the charge, in
 * microseconds since 1970; with leases a list of this time and the units that each key leases. Otherwise returns for each
 * key the time until there is room, in microseconds, and the ticks that there is room for now; then nothing is given back.
 */
export const CHARGE: Script = script(`${SHARED}
local width = #ARGV / #KEYS
local states = {}
local waits = {}
local refused = false
local leases = {}
for i = 1, #KEYS do
  local from = width * (i - 1)
  local scale = ARGV[from + 1]
  local drain = tonumber(ARGV[from + 2])
  local full = tonumber(ARGV[from + 3])
  local level, held, leased = charged(KEYS[i], scale, drain)
  if width > 4 then level, held = back(level, held, ARGV[from + 6], ARGV[from + 7], ARGV[from + 8]) end
  local after = level + tonumber(ARGV[from + 4])
  local over = after + held - full
  local wait = 0
  if over > 0 then
    refused = true
    if tonumber(scale) then wait = math.ceil(over / drain) else wait = ends(scale, now) - now end
    if over > level and held > 0 then wait = math.max(wait, leased + LEASE_MICROS - now) end
  end
  waits[2 * i - 1] = wait
  waits[2 * i] = math.max(0, full - level - held)
  if width > 4 then
    local most = math.min(tonumber(ARGV[from + 5]), math.floor(full / 10) - held, -over)
    local units = math.max(0, math.floor(most / (tonumber(scale) or 1)))
    if units > 0 then
      held = held + units * scale
      leased = now
    end
    leases[i] = units
  end
  states[i] = { after, held, leased }
end
if refused then return waits end
for i = 1, #KEYS do
  local from = width * (i - 1)
  keep(KEYS[i], ARGV[from + 1], tonumber(ARGV[from + 2]), unpack(states[i]))
end
if width > 4 then return { now, leases } end
return now
`);

/**
 * Charges one key, whether or not there is room. Arguments: its scale; ticks that expire in a microsecond; ticks to
 * charge, negative to return them; the time of the charge that is returned. If a lease ends, also its ticks, of which the
 * charged ones have been used, and the time is that of the lease.
 */
export const ADD: Script = script(`${SHARED}
local scale = ARGV[1]
local drain = tonumber(ARGV[2])
local ticks = tonumber(ARGV[3])
if not tonumber(scale) and ticks < 0 and ends(scale, tonumber(ARGV[4])) ~= ends(scale, now) then return 0 end
local level, held, leased = charged(KEYS[1], scale, drain)
if ARGV[5] then level, held = back(level, held, ARGV[5], ticks, ARGV[4]) else level = level + ticks end
keep(KEYS[1], scale, drain, level, held, leased)
return 1
`);
