--- Run by waiting_spec in each host: one task waits for an account, while another connects it. `side_by_side` runs
-- functions side by side as the host does, and returns when all have ended.
return function(hub, side_by_side)
  local user = assert(hub:create_bosa_user("waiting@example.com"))
  local token = assert(hub:authenticate_bosa_user(user.identifier, user.secret)).token
  local looks, result, early = 0, nil, nil
  local config = { host = "db", user = "ada", password = "p" }
  side_by_side(function()
    local ok, err = hub:wait_for_integration("lab", token, {
      interval = 0.01, timeout = 30, callback = function() looks = looks + 1 end,
    })
    result = ok and "connected" or tostring(err)
  end, function()
    repeat assert(hub:get_user_info(token)) until looks > 0
    early = result == nil -- the first waits, and this one runs
    assert(hub:initiate_plugin_configuration("lab", token, config))
  end)
  return ("%s %s %s"):format(result, tostring(early), looks > 0 and "after a look" or "at once")
end
