--- Makes certificates with openssl.

local certificates = {}

local function run(command, ...)
  assert(os.execute(command:format(...) .. " 2>/dev/null"), command)
end

local function subject_of(host) return host:match("^%d") and "IP:" .. host or "DNS:" .. host end

--- A self-signed certificate for a host, good for a day: dir/name.crt and dir/name.key.
function certificates.make(dir, name, host)
  run("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj '/CN=%s' -addext 'subjectAltName=%s' "
    .. "-keyout '%s/%s.key' -out '%s/%s.crt'", host, subject_of(host), dir, name, dir, name)
end

local config = [[
[ca]
default_ca = local
[local]
database = %s/index.txt
new_certs_dir = %s
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[host]
subjectAltName = %s
basicConstraints = CA:true
]]

--- The same, but good for January of 2020 only.
function certificates.make_expired(dir, name, host)
  local file = assert(io.open(dir .. "/ca.conf", "w"))
  file:write(config:format(dir, dir, subject_of(host)))
  file:close()
  assert(io.open(dir .. "/index.txt", "w")):close()
  run("openssl req -new -newkey rsa:2048 -nodes -subj '/CN=%s' -keyout %s/%s.key -out %s/%s.csr", host, dir, name, dir,
    name)
  run("openssl ca -batch -selfsign -config %s/ca.conf -extensions host -startdate 20200101000000Z "
    .. "-enddate 20200201000000Z -keyfile %s/%s.key -in %s/%s.csr -out %s/%s.crt -notext", dir, dir, name, dir, name,
    dir, name)
end

return certificates
