-- What can be done about a release now.
local status = obj.status or {}
local phase, id = status.phase, status.releaseID
local under_way = {
  Settling = true, Queued = true, Progressing = true, AwaitingApproval = true, Paused = true, Held = true,
  Promoting = true, Watching = true
}
local before_all = {
  Settling = true, Queued = true, Progressing = true, AwaitingApproval = true, Paused = true, Held = true
}
local known = id ~= nil and id ~= ""
local function only(when)
  return {disabled = not (known and when)}
end
return {
  ["abort"] = only(under_way[phase] == true),
  ["pause"] = only(under_way[phase] == true and phase ~= "Paused"),
  ["promote"] = only(phase == "AwaitingApproval"),
  ["promote-full"] = only(before_all[phase] == true),
  ["resume"] = only(phase == "Paused"),
  ["retry"] = only(phase == "Aborted")
}
