-- Health of a CanaryRelease. Argo CD's interpreter has no string library.
local health = {status = "Progressing", message = "not looked at yet"}
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
local found = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.observedGeneration == obj.metadata.generation then
    found[condition.type] = condition
  end
end
local ready, stalled, held = found["Ready"], found["Stalled"], found["Held"]
if ready == nil then
  return health
end
-- What goes on only when somebody says so.
local people = {AwaitingApproval = true, Paused = true, Suspended = true}
local undecided = {DeadlineExceeded = true, EvidenceNotAvailable = true}
health.message = ready.reason .. ": " .. (ready.message or "")
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif people[ready.reason] or (held ~= nil and held.status == "True" and undecided[held.reason]) then
  health.status = "Suspended"
elseif ready.status == "True" then
  health.status = "Healthy"
end
return health
