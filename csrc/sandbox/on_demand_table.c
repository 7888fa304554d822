/*
 * What discovery says about the lab.
 */
#include "on_demand.h"

#define TEXT "'type':'string'"
#define COUNT(min, max) "'type':'integer','minimum':" #min ",'maximum':" #max
#define FLAG "'type':'boolean'"
#define BINARY "'type':'string','format':'binary'"
#define KEY MAY("key", TEXT, "Executions are counted under this name.")
#define DELAY MAY("delay_ms", COUNT(0, 600000), "Milliseconds to wait before the response.")

#define SHAPES                                                                                     \
    "'Circle':{'properties':{'kind':{'const':'circle','default':'circle','title':'Kind','type':'"  \
    "string'},"                                                                                    \
    "'radius':{'exclusiveMinimum':0,'title':'Radius','type':'number'}},"                           \
    "'required':['radius'],'title':'Circle','type':'object'},"                                     \
    "'Square':{'properties':{'kind':{'const':'square','default':'square','title':'Kind','type':'"  \
    "string'},"                                                                                    \
    "'side':{'exclusiveMinimum':0,'title':'Side','type':'number'},"                                \
    "'label':{'anyOf':[{'type':'string'},{'type':'null'}],'default':null,'title':'Label'}},"       \
    "'required':['side'],'title':'Square','type':'object'},"                                       \
    "'Shape':{'description':'One of the shapes; `kind` tells which.',"                             \
    "'discriminator':{'mapping':{'circle':'#/$defs/Circle','square':'#/$defs/"                     \
    "Square'},'propertyName':'kind'},"                                                             \
    "'oneOf':[{'$ref':'#/$defs/Circle','type':'object'},{'$ref':'#/$defs/"                         \
    "Square','type':'object'}],"                                                                   \
    "'title':'Shape'}"

static const char keyword_defs[] = SHAPES
    ","
    "'Colour':{'description':'A "
    "colour.','enum':['red','green','blue'],'title':'Colour','type':'string'},"
    "'Point':{'additionalProperties':false,'properties':{'x':{'title':'X','type':'integer'},"
    "'y':{'title':'Y','type':'integer'}},'required':['x','y'],'title':'Point','type':'object'},"
    "'Tree':{'properties':{'value':{'title':'Value','type':'integer'},"
    "'children':{'default':[],'items':{'$ref':'#/$defs/"
    "Tree','type':'object'},'title':'Children','type':'array'}},"
    "'required':['value'],'title':'Tree','type':'object'}";

static const struct param keywords[] = {
    NEED("name", "'minLength':1,'maxLength':20,'examples':['pump','valve'],'type':'string'",
         "Between 1 and 20 characters."),
    MAY("level", COUNT(1, 10), "From 1 to 10."),
    MAY("ratio", "'exclusiveMinimum':0,'exclusiveMaximum':1,'type':'number'",
        "Between 0 and 1, neither of them."),
    MAY("step", "'multipleOf':5,'type':'integer'", "A multiple of 5."),
    PRESET("kind", "'const':'fixed','type':'string'", "'fixed'", "There is one kind only."),
    MAY_PRESET("colour", "'$ref':'#/$defs/Colour','type':'string'", "'red'", "Red, green or blue."),
    MAY("tags",
        "'items':{'type':'string'},'minItems':1,'maxItems':3,'uniqueItems':true,'type':'array'",
        "One to three, none twice."),
    MAY("pair",
        "'prefixItems':[{'type':'string'},{'type':'integer'}],'minItems':2,'maxItems':2,'type':'"
        "array'",
        "A word and a number."),
    MAY("limits", "'additionalProperties':{'type':'integer'},'type':'object'",
        "Numbers by any name."),
    MAY("point", "'$ref':'#/$defs/Point','type':'object'", "An object that takes no other names."),
    MAY("tree", "'$ref':'#/$defs/Tree','type':'object'",
        "An object made of objects of its own kind."),
    MAY("shape", "'$ref':'#/$defs/Shape'", "A union with a tag."),
    MAY("id", "'anyOf':[{'type':'integer'},{'type':'string'}]", "A number or a text."),
    PRESET("flag", FLAG, "false", "Yes or no."),
    MAY("anything", "'title':'Anything'", "Whatever it is."),
    NO_MORE};

static const struct param unions[] = {
    NEED("shape", "'$ref':'#/$defs/Shape'", "A union with a tag."),
    PRESET("shapes", "'items':{'$ref':'#/$defs/Shape'},'type':'array'", "[]", "A list of them."),
    MAY("id", "'anyOf':[{'type':'integer'},{'type':'string'}]", "A number or a text."),
    MAY("when", "'anyOf':[{'type':'number'},{'type':'boolean'}]", "A time, or whether at all."),
    NO_MORE};

static const struct param pages[] = {
    PRESET("total", COUNT(0, 1000000), "95", "Items in the list."),
    PRESET("limit", COUNT(1, 1000), "20", "Items a page."),
    PRESET("page", "'type':'integer','minimum':1", "1", "Which page, from 1."),
    MAY("fail_page", "'type':'integer'", "The page that fails with 500."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    DELAY,
    KEY,
    NO_MORE};

static const struct param cursors[] = {
    PRESET("total", COUNT(0, 1000000), "95", "Items in the list."),
    PRESET("limit", COUNT(1, 1000), "20", "Items a page."),
    MAY("cursor", TEXT, "Where to go on, as `meta` said."),
    RESPONSE_FIELDS,
    DELAY,
    KEY,
    NO_MORE};

static const struct param loop[] = {MAY("cursor", TEXT, "Taken, and not looked at."), KEY, NO_MORE};

static const struct param echo[] = {MAY("text", TEXT, "Any text."),
                                    MAY("number", "'type':'number'", "Any number."),
                                    MAY("list", "'type':'array'", "Any list."),
                                    MAY("object", "'type':'object'", "Any object."),
                                    RESPONSE_FIELDS,
                                    DELAY,
                                    KEY,
                                    NO_MORE};

static const struct param echo_form[] = {
    MAY("file", BINARY, "A file."),
    MAY("files", "'items':{" BINARY "},'type':'array'", "More files."),
    MAY("text", TEXT, "Any text."),
    MAY("number", "'type':'number'", "Any number."),
    MAY("count", "'type':'integer'", "Any integer."),
    MAY("flag", FLAG, "Yes or no."),
    MAY("tags", "'items':{'type':'string'},'type':'array'", "A list of strings."),
    MAY("numbers", "'items':{'type':'integer'},'type':'array'", "A list of integers."),
    MAY("object", "'type':'object'", "An object, which no form can carry."),
    KEY,
    NO_MORE};

static const struct param upload[] = {NEED("file", BINARY, "A file of any size."),
                                      MAY("note", TEXT, "A word about it."), DELAY, KEY, NO_MORE};

static const struct param download[] = {
    PRESET("bytes", COUNT(0, 10000000000), "1000",
           "How many; the one at offset i is i modulo 251."),
    MAY("filename", TEXT, "What Content-Disposition says, as RFC 8187 has it."),
    MAY("disposition", TEXT, "A whole Content-Disposition, in place of that."),
    PRESET("latin1", FLAG, "false", "Send that in Latin-1."),
    MAY("content_type", TEXT, "The media type; application/octet-stream without it."),
    PRESET("chunked", FLAG, "false", "Tell no length."),
    DELAY,
    KEY,
    NO_MORE};

static const struct param fault[] = {
    MAY("status", COUNT(200, 599),
        "The status; 500 without it, 200 where only the connection is at fault."),
    MAY("body", TEXT, "The body's text."),
    MAY("message", TEXT, "The message of the error, where there is no body."),
    MAY("content_type", TEXT, "The media type."),
    MAY("headers", "'additionalProperties':{'type':'string'},'type':'object'",
        "More header fields."),
    MAY("retry_after", "'anyOf':[{'type':'number'},{'type':'string'}]",
        "Retry-After: seconds or a date."),
    MAY("retryable", FLAG, "What the error body says of trying again."),
    MAY("retry_after_seconds", COUNT(0, 100000), "And when, as the error body says."),
    PRESET("broken_json", FLAG, "false", "A body that ends in the middle."),
    MAY("connection",
        "'enum':['close','close_after_read','reset','close_after_headers','truncate','reset_in_"
        "body',"
        "'close_after_answer'],'type':'string'",
        "How the connection ends: without a response, by a reset, after the header fields, in the "
        "body, or after the "
        "response though it was to be kept."),
    MAY("times", COUNT(0, 1000000),
        "How many of the calls with the same `key` fail; all without it."),
    DELAY,
    KEY,
    NO_MORE};

static const struct param count[] = {
    NEED("key", TEXT, "The name that executions are counted under."), NO_MORE};
static const struct param slow[] = {
    NEED("delay_ms", COUNT(0, 600000), "Milliseconds to wait before the response."), KEY, NO_MORE};
static const struct param small[] = {KEY, NO_MORE};
static const struct param list_bytes[] = {
    PRESET("bytes", COUNT(200, 500000000), "100000", "About how many bytes of JSON."), KEY,
    NO_MORE};
static const struct param integers[] = {
    MAY("value", "'type':'integer'", "Comes back as it was sent."), NO_MORE};
static const struct param nothing[] = {NO_MORE};

static const char item[] = "'type':'array','items':{'type':'object','properties':{'id':{'type':'"
                           "integer'},'name':{'type':'string'}}}";

static const struct action_def actions[] = {
    {"keywords", "Takes a parameter for every keyword of JSON Schema in use.", keywords,
     keyword_defs, NULL, lab_echo_params, 0},
    {"unions", "Takes values of more than one form.", unions, SHAPES, NULL, lab_echo_params, 0},
    {"strict", "Takes the parameters it lists and no others.", small, NULL, NULL, lab_echo_params,
     ACTION_CLOSED},
    {"no_params", "Takes no parameters.", nothing, NULL, NULL, lab_ok, ACTION_NO_REQUEST},
    {"get-users", "Has a hyphen in its name.", nothing, NULL, NULL, lab_ok, 0},
    {"admin/revoke", "Has a slash in its name.", nothing, NULL, NULL, lab_ok, ACTION_NO_REQUEST},
    {"list_pages", "A list in pages.", pages, NULL, item, lab_list_pages, 0},
    {"list_cursor", "A list with cursors.", cursors, NULL, item, lab_list_cursor, 0},
    {"loop_cursor", "A list that gives the same cursor for ever.", loop, NULL, item,
     lab_loop_cursor, 0},
    {"echo", "Responds with what came in.", echo, NULL, NULL, lab_echo, 0},
    {"echo_form", "Responds with what came in, of a form.", echo_form, NULL, NULL, lab_echo_form,
     0},
    {"fault", "Fails as it is told to.", fault, NULL, NULL, lab_fault, 0},
    {"count", "Tells how often actions ran with a key.", count, NULL, NULL, lab_count, 0},
    {"slow", "Takes its time.", slow, NULL, NULL, lab_slow, 0},
    {"small", "The smallest useful response.", small, NULL, NULL, lab_small, 0},
    {"list_bytes", "A list of issues of a given size.", list_bytes, NULL, NULL, lab_list_bytes, 0},
    {"download", "A file of a given size.", download, NULL, NULL, lab_download, 0},
    {"upload", "Takes a file of any size.", upload, NULL, NULL, lab_upload, 0},
    {"integers", "Integers that not every number can hold.", integers, NULL, NULL, lab_integers, 0},
    {"fresh", "An action that comes with a change of the schema.", nothing, NULL, NULL, lab_ok,
     ACTION_LATER},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0}};

const struct connector_def connector_lab = {"lab", "Lab", actions};
