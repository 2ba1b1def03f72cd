-- Health of a ServiceBinding. Argo CD's interpreter has no string library.
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
local ready, stalled, drifted = found["Ready"], found["Stalled"], found["Drifted"]
if ready == nil then
  return health
end
health.message = ready.reason .. ": " .. (ready.message or "")
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif ready.status == "True" then
  health.status = "Healthy"
end
if drifted ~= nil and drifted.status == "True" then
  health.message = health.message .. "; " .. drifted.reason .. ": " .. (drifted.message or "")
end
return health
