-- What wrk sends. Arguments: the folder with the requests, a number for the random order, a name for this run, then
-- how often each kind comes, as in read=90 list=8 create=2.
local kinds, total, run, count = {}, 0, "", 0

local function slurp(path)
   local file = assert(io.open(path, "rb"))
   local text = file:read("*a")
   file:close()
   return text
end

-- One of the paths in the file. Behind a path may stand the ETag of what the client has.
local function get(file)
   local made = {}
   for line in io.lines(file) do
      local path, etag = line:match("^(%S+)%s*(%S*)$")
      made[#made + 1] = wrk.format("GET", path, etag ~= "" and {["If-None-Match"] = etag} or nil)
   end
   return function() return made[math.random(#made)] end
end

-- The body in the file; wherever it has the mark {unique}, each request has another text.
local function post(path, file, headers)
   local text = slurp(file)
   if text:find("{unique}", 1, true) == nil then
      local made = wrk.format("POST", path, headers, text)
      return function() return made end
   end
   return function()
      count = count + 1
      return wrk.format("POST", path, headers, (text:gsub("{unique}", run .. "-" .. count)))
   end
end

local function maker(kind, folder)
   local file, headers = folder .. "/" .. kind, {["Content-Type"] = "application/json"}
   if kind == "sign-in" then
      return post("/v1/auth/login", file, headers)
   elseif kind == "register" then
      return post("/v1/auth/register", file, headers)
   elseif kind == "forgot" then
      return post("/v1/auth/password/forgot", file, headers)
   elseif kind == "create" then
      headers["Authorization"] = "Bearer " .. slurp(folder .. "/token")
      return post("/v1/posts", file, headers)
   end
   return get(file)
end

function init(args)
   math.randomseed(tonumber(args[2]))
   run = args[3]
   for place = 4, #args do
      local kind, weight = args[place]:match("^([a-z-]+)=(%d+)$")
      total = total + tonumber(weight)
      kinds[#kinds + 1] = {upto = total, make = maker(kind, args[1])}
   end
end

function request()
   local drawn = math.random(total)
   for _, kind in ipairs(kinds) do
      if drawn <= kind.upto then
         return kind.make()
      end
   end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
