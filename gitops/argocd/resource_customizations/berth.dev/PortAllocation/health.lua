-- Berth follows kstatus, so the health of its kinds is what kstatus says: observedGeneration is -1 until the object was
-- seen, Reconciling tells of work that goes on by itself, Stalled of what needs an edit, Ready sums it all up.
local health = {status = "Progressing", message = "Waiting for Berth to see it"}

if obj.status == nil or obj.status.observedGeneration == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is_true(condition)
  return condition ~= nil and condition.status == "True"
end

if is_true(conditions.Reconciling) then
  health.message = conditions.Reconciling.message
elseif is_true(conditions.Stalled) then
  health.status = "Degraded"
  health.message = conditions.Stalled.message
elseif is_true(conditions.Ready) then
  health.status = "Healthy"
  health.message = conditions.Ready.message
elseif conditions.Ready ~= nil then
  health.message = conditions.Ready.message
end
return health
