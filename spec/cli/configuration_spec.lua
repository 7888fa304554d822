--- What is said of a wrong configuration of a connector, and what is kept from view.
local json = require("bosa").json

describe("what is wrong with a configuration", function()
  -- a field's schema, the value that is given, and what must not be shown of it
  local SECRETS = {
    { '"password":{"enum":["a","b"]}', [["hu\"sh\\%w$(\u00e9)"]], "w$(" },
    { '"password":{"enum":["a","b"]}', '"' .. ("hush"):rep(100) .. '"', "hush" },
    { '"token":{"const":"x"}', '"hu\\nQ7"', "Q7" },
    { '"pin":{"type":"integer","format":"password","maximum":5}', "987654321", "9876" },
    { '"accessKey":{"type":"integer","maximum":5}', "987654321", "9876" },
    { '"key":{"$ref":"#/$defs/K"}', '"hush"', "hush" },
    { '"o":{"type":"object","properties":{"client_secret":{"enum":["x"]}}}', '{"client_secret":"hu\\"Q7"}', "Q7" },
    { '"list":{"type":"array","items":{"properties":{"secret":{"const":"x"}}}}', '[{"secret":"hush"}]', "hush" },
    { '"keys":{"type":"array","items":{"const":"x","writeOnly":true}}', '["hush"]', "hush" },
    { '"either":{"anyOf":[{"properties":{"a":{"const":"x","format":"password"}}}]}', '{"a":"hush"}', "hush" },
  }
  local CONNECTOR = '{"data":{"supported_auth_types":[{"type":"custom","config":{"type":"object","properties":{%s},'
    .. '"$defs":{"K":{"format":"password","enum":["x"]}}}}]}}'

  it("is told without what was given where that may be secret", function()
    local configuration = require("bosa.cli.configuration")
    for _, case in ipairs(SECRETS) do
      local answer = assert(json.decode(CONNECTOR:format(case[1])))
      local root = answer.data.supported_auth_types[1].config
      local values = assert(json.decode("{" .. case[1]:match('^"[^"]*":') .. case[2] .. "}"))
      local ok, err = configuration.check(values, root)
      assert.is_nil(ok)
      assert.same({ "params", "no" }, { err.kind, err.sent })
      assert.is_nil((tostring(err) .. json.encode(err.details)):find(case[3], 1, true), tostring(err))
      assert.matches("(hidden)", err.message, 1, true)
    end
  end)

  it("is told with it where it can be no secret", function()
    local configuration = require("bosa.cli.configuration")
    local root = assert(json.decode('{"type":"object","properties":{"mode":{"enum":["read"]},"o":{"$ref":"#/$defs/O"},'
      .. '"l":{"type":"array","items":{"type":"object","properties":{"n":{"const":1}}}}},'
      .. '"$defs":{"O":{"properties":{"m":{"maximum":5}}}}}'))
    for text, words in pairs({
      ['{"mode":"fly"}'] = 'got "fly"', ['{"o":{"m":7}}'] = "got 7", ['{"l":[{"n":2}]}'] = "got 2",
    }) do
      local _, err = configuration.check(assert(json.decode(text)), root)
      assert.matches(words, err.message, 1, true)
    end
    local _, err = configuration.check(assert(json.decode('{"mode":"fly","o":{"m":7}}')), root)
    assert.matches("(and 1 more)", err.message, 1, true)
    assert.equal(2, #err.details)
  end)
end)
