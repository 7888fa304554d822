/*
 * What discovery says about github, and its actions that keep nothing.
 */
#include "github.h"

#include "emit.h"

#include <stdio.h>

#define OWNER NEED("owner", "'type':'string'", "The account that the repository belongs to.")
#define REPO NEED("repo", "'type':'string'", "The repository's name.")
#define PAGE                                                                                       \
    MAY_PRESET("page", "'type':'integer','minimum':1", "1", "Which page, from 1."),                \
        MAY_PRESET("limit", "'type':'integer','minimum':1,'maximum':100", "30",                    \
                   "Entries a page, up to 100.")

/* Numbers that belong to a repository, so that two look different. */
static struct dice repo_dice(const struct run *run)
{
    struct dice dice = {run->sandbox->options.seed};
    size_t len;
    const char *name = run_text(run, "repo", &len);
    for (size_t i = 0; i < len; i++) {
        dice.state = dice_roll(&dice) ^ (unsigned char)name[i];
    }
    return dice;
}

/* Writes "https://github.example.com/owner/repo/..." */
static void emit_url(struct buf *out, const struct run *run, const char *kind, const char *id)
{
    char owner[61], repo[61];
    run_copy(run, "owner", owner, sizeof owner);
    run_copy(run, "repo", repo, sizeof repo);
    emit_format(out, "html_url", "https://github.example.com/%s/%s/%s/%s", owner, repo, kind, id);
}

/* A pull request, made up from its number. */
static void emit_pull(struct buf *out, const struct run *run, struct dice dice, int64_t number,
                      int64_t newest)
{
    struct issue issue;
    char text[24];
    issue_invent(&issue, ~dice.state, number, newest);
    dice.state += (uint64_t)number * 977;
    emit_open(out, NULL, '{');
    emit_int(out, "number", number);
    invent_commit(&dice, issue.title, sizeof issue.title);
    emit_text(out, "title", issue.title);
    emit_text(out, "state", issue.closed ? "closed" : "open");
    emit_open(out, "user", '{');
    emit_text(out, "login", issue.author);
    emit_close(out, '}');
    emit_format(out, "head", "%s/change-%lld", issue.author, (long long)number);
    emit_text(out, "base", "main");
    emit_bool(out, "draft", number % 7 == 0);
    emit_int(out, "additions", (int64_t)dice_below(&dice, 900));
    emit_int(out, "deletions", (int64_t)dice_below(&dice, 400));
    emit_time(out, "created_at", issue.created);
    emit_time(out, "updated_at", issue.updated);
    snprintf(text, sizeof text, "%lld", (long long)number);
    emit_url(out, run, "pull", text);
    emit_close(out, '}');
}

/* True when `state` asks for it, or is not given and it is open. */
static bool wanted(const struct run *run, uint64_t seed, int64_t number)
{
    struct issue issue;
    issue_invent(&issue, seed, number, number);
    return run_is(run, "state", "all") || issue.closed == run_is(run, "state", "closed");
}

/* Newest first. Page style. */
static void list_pull_requests(const struct run *run, struct response *response)
{
    struct dice dice = repo_dice(run);
    int64_t all = 20 + (int64_t)dice_below(&dice, 60), total = 0, at = 0;
    for (int64_t number = all; number > 0; number--) {
        total += wanted(run, ~dice.state, number);
    }
    struct window window = run_page(run, response, total, 30);
    emit_open(&response->data, NULL, '[');
    for (int64_t number = all; number > 0; number--) {
        if (!wanted(run, ~dice.state, number)) {
            continue;
        }
        if (at >= window.first && at < window.first + window.count) {
            emit_pull(&response->data, run, dice, number, all);
        }
        at++;
    }
    emit_close(&response->data, ']');
}

/* The i-th commit, counted from the newest. */
static void emit_commit(struct buf *out, const struct run *run, struct dice dice, int64_t i)
{
    char sha[41], message[80];
    dice.state += (uint64_t)i * 977;
    const struct person *author = invent_person(dice_roll(&dice));
    invent_hex(&dice, sha, 40);
    invent_commit(&dice, message, sizeof message);
    emit_open(out, NULL, '{');
    emit_text(out, "sha", sha);
    emit_text(out, "message", message);
    emit_open(out, "author", '{');
    emit_text(out, "login", author->login);
    emit_text(out, "name", author->name);
    emit_text(out, "email", author->mail);
    emit_close(out, '}');
    emit_time(out, "date", INVENT_NOW - i * 41000 - (int64_t)dice_below(&dice, 40000));
    emit_url(out, run, "commit", sha);
    emit_close(out, '}');
}

/* Newest first. Page style. */
static void list_commits(const struct run *run, struct response *response)
{
    struct dice dice = repo_dice(run);
    int64_t total = 200 + (int64_t)dice_below(&dice, 800);
    struct window window = run_page(run, response, total, 30);
    emit_open(&response->data, NULL, '[');
    for (int64_t i = 0; i < window.count; i++) {
        emit_commit(&response->data, run, dice, window.first + i);
    }
    emit_close(&response->data, ']');
}

/* One who owns the repository, one who may write, and readers. */
static void list_collaborators(const struct run *run, struct response *response)
{
    static const char *const roles[] = {"admin", "write", "read"};
    struct dice dice = repo_dice(run);
    size_t first = dice_below(&dice, 10);
    struct window window = run_page(run, response, 3 + (int64_t)dice_below(&dice, 6), 30);
    struct buf *out = &response->data;
    emit_open(out, NULL, '[');
    for (int64_t i = window.first; i < window.first + window.count; i++) {
        const struct person *person = invent_person(first + (uint64_t)i);
        int role = i > 2 ? 2 : (int)i;
        emit_open(out, NULL, '{');
        emit_text(out, "login", person->login);
        emit_text(out, "name", person->name);
        emit_text(out, "role_name", roles[role]);
        emit_open(out, "permissions", '{');
        emit_bool(out, "admin", role == 0);
        emit_bool(out, "push", role <= 1);
        emit_bool(out, "pull", true);
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static const char issue_defs[] =
    "'IssueState':{'description':'Which "
    "issues.','enum':['open','closed','all'],'title':'IssueState','type':'string'},"
    "'IssueSort':{'description':'What the list is ordered "
    "by.','enum':['created','updated','comments'],"
    "'title':'IssueSort','type':'string'},"
    "'Direction':{'description':'Upwards or "
    "downwards.','enum':['asc','desc'],'title':'Direction','type':'string'},"
    "'TextFilter':{'properties':{'type':{'const':'string','default':'string','title':'Type','type':"
    "'string'},"
    "'field_name':{'description':'A field of an issue, with dots.','title':'Field "
    "Name','type':'string'},"
    "'value':{'description':'What it has to be.','title':'Value','type':'string'}},"
    "'required':['field_name','value'],'title':'TextFilter','type':'object'},"
    "'TextListFilter':{'properties':{'type':{'const':'string_list','default':'string_list','title':"
    "'Type','type':'string'},"
    "'field_name':{'description':'A field of an issue, with dots.','title':'Field "
    "Name','type':'string'},"
    "'values':{'default':[],'description':'What it may "
    "be.','items':{'type':'string'},'title':'Values','type':'array'}},"
    "'required':['field_name'],'title':'TextListFilter','type':'object'},"
    "'NumberRangeFilter':{'properties':{'type':{'const':'number_range','default':'number_range','"
    "title':'Type','type':'string'},"
    "'field_name':{'description':'`comments` or `number`.','title':'Field Name','type':'string'},"
    "'from_value':{'anyOf':[{'type':'number'},{'type':'null'}],'default':null,'title':'From "
    "Value'},"
    "'to_value':{'anyOf':[{'type':'number'},{'type':'null'}],'default':null,'title':'To Value'}},"
    "'required':['field_name'],'title':'NumberRangeFilter','type':'object'},"
    "'IssueFilter':{'description':'A condition; `type` tells of which "
    "kind.','discriminator':{'mapping':{"
    "'string':'#/$defs/TextFilter','string_list':'#/$defs/TextListFilter','number_range':'#/$defs/"
    "NumberRangeFilter'},"
    "'propertyName':'type'},'oneOf':[{'$ref':'#/$defs/TextFilter','type':'object'},"
    "{'$ref':'#/$defs/TextListFilter','type':'object'},{'$ref':'#/$defs/"
    "NumberRangeFilter','type':'object'}],"
    "'title':'IssueFilter'}";

static const struct param create_params[] = {
    OWNER,
    REPO,
    NEED("title", "'minLength':1,'maxLength':256,'type':'string'", "The issue in one line."),
    MAY("body", "'type':'string'", "What it is about."),
    MAY("labels", "'items':{'type':'string'},'maxItems':8,'type':'array'", "Names of labels."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param get_params[] = {
    OWNER,
    REPO,
    NEED("issue_number", "'minimum':1,'type':'integer'", "The number after the #."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param list_params[] = {
    OWNER,
    REPO,
    MAY_PRESET("state", "'$ref':'#/$defs/IssueState','type':'string'", "'open'",
               "Open ones, closed ones, or all."),
    MAY("labels", "'items':{'type':'string'},'type':'array'",
        "Labels that an issue must have, all of them."),
    MAY("filters", "'items':{'$ref':'#/$defs/IssueFilter','type':'object'},'type':'array'",
        "Conditions that an issue must meet, all of them."),
    MAY_PRESET("sort", "'$ref':'#/$defs/IssueSort','type':'string'", "'created'",
               "What comes first."),
    MAY_PRESET("direction", "'$ref':'#/$defs/Direction','type':'string'", "'desc'",
               "Upwards or downwards."),
    PAGE,
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param pull_params[] = {
    OWNER,
    REPO,
    MAY_PRESET("state", "'enum':['open','closed','all'],'type':'string'", "'open'",
               "Open ones, closed ones, or all."),
    PAGE,
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

static const struct param repo_params[] = {OWNER,  REPO, PAGE, RESPONSE_FIELDS, RESPONSE_FILTERS,
                                           NO_MORE};

static const struct param search_params[] = {
    OWNER,
    REPO,
    NEED("query", "'minLength':1,'type':'string'", "Words in the title, whatever their case."),
    MAY("cursor", "'type':'string'", "Where to go on, as `meta` said."),
    MAY_PRESET("per_page", "'type':'integer','minimum':1,'maximum':100", "30",
               "Entries a page, up to 100."),
    RESPONSE_FIELDS,
    RESPONSE_FILTERS,
    NO_MORE};

#define ISSUE                                                                                      \
    "'type':'object','properties':{'number':{'type':'integer'},'title':{'type':'string'},"         \
    "'state':{'type':'string'},'comments':{'type':'integer'},'created_at':{'format':'date-time','" \
    "type':'string'}}"

static const struct action_def actions[] = {
    {"create_issue", "Open an issue in a repository.", create_params, NULL, ISSUE,
     github_create_issue, 0},
    {"get_issue", "Read one issue.", get_params, NULL, ISSUE, github_get_issue, 0},
    {"list_issues", "List the issues of a repository.", list_params, issue_defs,
     "'type':'array','items':{" ISSUE "}", github_list_issues, 0},
    {"list_pull_requests", "List the pull requests of a repository.", pull_params, NULL, NULL,
     list_pull_requests, 0},
    {"list_commits", "List the commits of a repository, newest first.", repo_params, NULL, NULL,
     list_commits, 0},
    {"list_collaborators", "List who may do what in a repository.", repo_params, NULL, NULL,
     list_collaborators, 0},
    {"search_issues", "Find issues by words of their title.", search_params, NULL,
     "'type':'array','items':{" ISSUE "}", github_search_issues, 0},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0}};

const struct connector_def connector_github = {"github", "GitHub", actions};
