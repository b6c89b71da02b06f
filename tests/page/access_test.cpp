// Who may do what, who is logged in, and who has to wait. All pure.
#include "gateway/page/local_link.hpp"
#include "gateway/page/login_limit.hpp"
#include "gateway/page/oidc.hpp"
#include "gateway/page/recent_looks.hpp"
#include "gateway/page/route_table.hpp"
#include "gateway/page/events.hpp"
#include "gateway/page/session_store.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

constexpr instant start = 1'773'561'600'000;

rights only(role r, const std::string& trial = "*") {
    rights out;
    out.add(r, trial);
    return out;
}

session of(const rights& may, std::string id = "oidc:x|eve") {
    session s;
    s.who.id = std::move(id);
    s.who.may = may;
    return s;
}

} // namespace

TEST_CASE("access: what each role may do") {
    using p = permission;
    const std::vector<std::pair<p, std::set<role>>> table{
        {p::any, {role::coordinator, role::investigator, role::operator_, role::auditor}},
        {p::view_people, {role::coordinator, role::investigator}},
        {p::judge, {role::coordinator, role::investigator}},
        {p::confirm, {role::investigator}},
        {p::reveal, {role::coordinator, role::investigator}},
        {p::view_operations, {role::operator_, role::auditor}},
        {p::operate, {role::operator_}},
        {p::view_audit, {role::auditor}}};
    for (const auto& [needs, who] : table)
        for (const role r : {role::coordinator, role::investigator, role::operator_, role::auditor}) {
            INFO(static_cast<int>(needs) << ' ' << to_code(r));
            CHECK(only(r).may(needs, "t") == who.contains(r));
            CHECK(only(r).may(needs, "") == who.contains(r));
            CHECK_FALSE(rights{}.may(needs, "t"));
        }
}

TEST_CASE("access: a role of one trial is no role of another") {
    const rights may = only(role::coordinator, "a");
    CHECK(may.may(permission::view_people, "a"));
    CHECK(may.may(permission::view_people, ""));
    CHECK_FALSE(may.may(permission::view_people, "b"));
    CHECK_FALSE(may.may(permission::view_people, "*"));
    CHECK(may.may(permission::any, "b"));
    CHECK(may.roles_in("b") == "");
    CHECK(every_right().roles_in("b") == "coordinator,investigator,operator,auditor");
    CHECK(only(role::operator_, "a").may(permission::operate, "b")); // belongs to no trial
}

TEST_CASE("access: every entry that fits a user counts") {
    const std::vector<page_access> access{{"nurses", "", {"coordinator"}, {"a", "b"}}, {"doctors", "", {"investigator"}, {}}, {"", "eve", {"auditor"}, {"a"}}};
    CHECK(rights_of(access, {{"others"}, "mallory"}).none());
    CHECK(rights_of(access, {}).none());
    CHECK(rights_of(access, {{"eve"}, "nurses"}).none()); // a group of a user's name, and the other way round
    const rights both = rights_of(access, {{"nurses", "doctors"}, "eve"});
    CHECK(both.of_trial == std::map<std::string, std::set<role>, std::less<>>{
                               {"*", {role::investigator, role::auditor}}, {"a", {role::coordinator}}, {"b", {role::coordinator}}});
    CHECK(rights_of({{"", "", {"auditor"}, {}}}, {{""}}).none());
}

TEST_CASE("access: a name is never taken for an email, nor an email for a name") {
    const std::vector<page_access> access{{"", "boss@example.org", {"auditor"}, {}}, {"", "boss", {"operator"}, {}}};
    CHECK(rights_of(access, {{}, "boss@example.org"}).none());
    CHECK(rights_of(access, {{}, "1", "boss"}).none());
    CHECK(rights_of(access, {{}, "1", "boss@example.org"}) == only(role::auditor));
    CHECK(rights_of(access, {{}, "boss"}) == only(role::operator_));
}

TEST_CASE("sessions: end after their time, and earlier when nobody asks") {
    session_store all;
    all.limits(hour_ms, 20 * minute_ms);
    const std::string id = all.begin(of(only(role::auditor)), start);
    CHECK(all.find(id, start + 19 * minute_ms, true));
    CHECK(all.find(id, start + 38 * minute_ms, false));
    CHECK_FALSE(all.find(id, start + 39 * minute_ms, false));
    CHECK(all.size() == 0);
    const std::string other = all.begin(of(only(role::auditor)), start);
    for (int n = 1; n < 6; ++n)
        CHECK(all.find(other, start + n * 10 * minute_ms, true));
    CHECK(all.find(other, start + hour_ms - 1, true));
    CHECK_FALSE(all.find(other, start + hour_ms, true));
}

TEST_CASE("sessions: an id is new at each login, long, and of use to nobody after the end") {
    session_store all;
    std::set<std::string> seen, tokens;
    for (int n = 0; n < 100; ++n) {
        const std::string id = all.begin(of(only(role::auditor)), start);
        CHECK(id.size() == 43);
        seen.insert(id);
        tokens.insert(all.find(id, start, true)->csrf);
    }
    CHECK(seen.size() == 100);
    CHECK(tokens.size() == 100);
    CHECK_FALSE(all.find("", start, true));
    CHECK_FALSE(all.find("chosen-by-somebody-else", start, true));
    all.end(*seen.begin());
    CHECK_FALSE(all.find(*seen.begin(), start, true));
    CHECK(all.size() == 99);
    const std::string mark = session_store::mark_of(*seen.rbegin());
    CHECK_FALSE(all.find(mark, start, true)); // ends a session, and is none
    all.end_marked("");
    CHECK(all.size() == 99);
    all.end_marked(mark);
    CHECK_FALSE(all.find(*seen.rbegin(), start, true));
}

TEST_CASE("sessions: beyond the most the one that was idle longest ends") {
    session_store all;
    all.limits(hour_ms, hour_ms, 2);
    const std::string a = all.begin(of(only(role::auditor)), start), b = all.begin(of(only(role::auditor)), start + 1);
    all.find(a, start + 2, true);
    const std::string c = all.begin(of(only(role::auditor)), start + 3);
    CHECK(all.alive(a, start + 4));
    CHECK_FALSE(all.alive(b, start + 4));
    CHECK(all.alive(c, start + 4));
}

TEST_CASE("sessions: another configuration gives other roles, or none") {
    session_store all;
    session eve = of(only(role::coordinator)), local = of(every_right(), "local");
    eve.claims.user = "eve";
    local.local = true;
    const std::string a = all.begin(eve, start), b = all.begin(local, start);
    const std::vector<page_access> access{{"", "eve", {"auditor"}, {}}};
    all.reconsider(access, true, true);
    CHECK(all.find(a, start, true)->who.may == only(role::auditor));
    CHECK(all.alive(b, start));
    all.reconsider(access, true, false); // another provider, or none: who knows who that is
    CHECK_FALSE(all.alive(a, start));
    CHECK(all.alive(b, start));
    all.reconsider({}, false, true);
    CHECK(all.size() == 0);
}

TEST_CASE("login limit: ten failures of one address, then it waits while others do not") {
    login_limit limit(10, 200);
    for (int n = 0; n < 10; ++n) {
        CHECK_FALSE(limit.wait("10.0.0.1", start + n));
        limit.failed("10.0.0.1", start + n);
    }
    CHECK(limit.wait("10.0.0.1", start + 10) == login_limit::span - 10);
    CHECK_FALSE(limit.wait("10.0.0.2", start + 10));
    CHECK_FALSE(limit.wait("10.0.0.1", start + login_limit::span));
    login_limit open(10, login_limit::unlimited);
    for (std::size_t n = 0; n < 200; ++n)
        for (login_limit* one : {&limit, &open})
            one->failed("10.0.1." + std::to_string(n), start + login_limit::span);
    CHECK(limit.wait("10.9.9.9", start + login_limit::span + 1) == login_limit::span - 1);
    CHECK_FALSE(open.wait("10.9.9.9", start + login_limit::span + 1));
}

TEST_CASE("login limit: a network of 64 bits counts as one, for its owner has all of its addresses") {
    CHECK(address_group("2001:db8:1:2:3:4:5:6") == address_group("2001:0DB8:1:2::9"));
    CHECK(address_group("2001:db8:1:2::1") != address_group("2001:db8:1:3::1"));
    CHECK(address_group("::ffff:10.0.0.1") == "10.0.0.1");
    CHECK(address_group("10.0.0.1") == "10.0.0.1");
    CHECK(address_group("fe80::1%eth0") == address_group("fe80::2"));
    login_limit limit(2, login_limit::unlimited);
    limit.failed("2001:db8::1", start);
    limit.failed("2001:db8::2", start);
    CHECK(limit.wait("2001:db8::3", start));
    CHECK_FALSE(limit.wait("2001:db9::3", start));
}

TEST_CASE("login limit: what a proxy says of a client is an address without port and brackets, or nobody's") {
    for (const auto& [said, meant] : std::vector<std::pair<std::string, std::string>>{
             {"5.6.7.8", "5.6.7.8"}, {"5.6.7.8:1234", "5.6.7.8"}, {" 5.6.7.8\t", "5.6.7.8"}, {"\"[2001:db8::1]:443\"", "2001:db8::1"},
             {"[2001:db8::1]:443", "2001:db8::1"}, {"[2001:db8::1]", "2001:db8::1"}, {"2001:DB8:0::1", "2001:db8::1"}, {"::ffff:5.6.7.8", "::ffff:5.6.7.8"}}) {
        INFO(said);
        CHECK(client_address(said) == meant);
    }
    for (const char* said : {"", " ", "unknown", "_hidden", "5.6.7.8:x", "5.6.7.8:", "[2001:db8::1]x", "[]", "[", "5.6.7", "a,b", "1.2.3.4 5.6.7.8"}) {
        INFO(said);
        CHECK(client_address(said) == "unknown");
    }
}

TEST_CASE("looks: what a session looked at is told again after ten minutes, and others' looks are their own") {
    recent_looks looks;
    audit_row row;
    row.action = "view-patient";
    row.trial = "a";
    row.subject = "s1";
    CHECK_FALSE(looks.told(row, start));
    looks.tell(row, start);
    CHECK(looks.told(row, start + recent_looks::span - 1));
    CHECK_FALSE(looks.told(row, start + recent_looks::span));
    CHECK_FALSE(looks.told(row, start - 1)); // the clock was set back
    for (std::string audit_row::*part : {&audit_row::action, &audit_row::trial, &audit_row::subject}) {
        audit_row other = row;
        other.*part = "x";
        CHECK_FALSE(looks.told(other, start));
    }
    for (std::size_t n = 0; n <= recent_looks::most; ++n) {
        row.subject = std::to_string(n);
        looks.tell(row, start);
    }
    row.subject = "s1";
    CHECK_FALSE(looks.told(row, start)); // forgotten: told twice rather than never
}

TEST_CASE("local link: opens once, within a quarter of an hour, and only the newest") {
    const tests::scratch_folder folder;
    const auto rows = open_sqlite(folder.path().string(), sqlite_options{});
    const auto take = [&](std::string_view token, instant now) { return take_link(*rows, token, now); };
    CHECK_FALSE(take("", start));
    CHECK_FALSE(take("a", start));
    put_link(*rows, "a", start);
    CHECK(rows->value("page/once")->find("a ") != 0); // its hash is kept
    CHECK_FALSE(take("b", start));
    CHECK_FALSE(take("", start));
    CHECK(take("a", start + link_opens_for - 1));
    CHECK_FALSE(take("a", start));
    put_link(*rows, "a", start);
    CHECK_FALSE(take("a", start + link_opens_for));
    CHECK_FALSE(take("a", start - 1));
    put_link(*rows, "b", start);
    CHECK_FALSE(take("a", start));
    CHECK(take("b", start));
}

TEST_CASE("routes: patterns, methods, decoding") {
    const auto none = [](const api_request&, const api_ground&, audit_note&) { return http_response{}; };
    const route_table table({{"GET", "/api/v1/trials/{trial}/people/{subject}", permission::view_people, "", none},
                             {"GET", "/api/v1/alerts", permission::view_people, "", none},
                             {"POST", "/api/v1/alerts", permission::judge, "", none}});
    const auto found = table.find("GET", "/api/v1/trials/a%20b/people/%C3%A9%2F");
    REQUIRE(found.route);
    CHECK(found.path == std::map<std::string, std::string, std::less<>>{{"trial", "a b"}, {"subject", "\xC3\xA9/"}});
    CHECK(table.find("HEAD", "/api/v1/alerts").route == &table.all()[1]);
    CHECK(table.find("POST", "/api/v1/alerts").route == &table.all()[2]);
    CHECK(table.find("DELETE", "/api/v1/alerts").allow == "GET, HEAD, POST");
    for (const char* path : {"", "/", "/api/v1/alerts/", "/api/v1/trials//people/x", "/api/v1/trials/x/people/", "/api/v1/trials/x/people/y/z", "//api/v1/alerts"}) {
        CHECK_FALSE(table.find("GET", path).route);
        CHECK(table.find("GET", path).allow == "");
    }
    const request_target target("/a?since=12&x=a%26b+c&since=13&flag&=y");
    CHECK(target.path == "/a");
    CHECK(target.query == std::map<std::string, std::string, std::less<>>{{"", "y"}, {"flag", ""}, {"since", "12"}, {"x", "a&b c"}});
}

TEST_CASE("events: a visitor hears of no trial but the own, and of operations only who sees them") {
    page_stamps stamps{{{"a", 3}, {"b", 4}}, {{"a", 5}, {"b", 9}}, 6};
    CHECK(event_text(stamps, only(role::coordinator, "a")) == R"({"worklist":{"a":3},"alerts":5})");
    CHECK(event_text(stamps, only(role::investigator, "b")) == R"({"worklist":{"b":4},"alerts":9})");
    CHECK(event_text(stamps, only(role::auditor)) == R"({"worklist":{},"operations":6})");
    CHECK(event_text(stamps, only(role::operator_)) == R"({"worklist":{},"operations":6})");
    CHECK(event_text(stamps, every_right()) == R"({"worklist":{"a":3,"b":4},"alerts":9,"operations":6})");
}

TEST_CASE("oidc: a login that was begun is finished once, by the same browser, in time") {
    pending_logins all;
    const auto a = all.begin("https://p/cb", start, "remembered"), b = all.begin("https://p/cb", start);
    CHECK(std::set<std::string>{a.state, a.nonce, a.verifier, b.state, b.nonce, b.verifier}.size() == 6);
    CHECK(a.verifier.size() >= 43); // RFC 7636, section 4.1
    CHECK(a.cookie.size() < 1'000);
    CHECK(a.cookie.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
    CHECK_FALSE(all.take("", a.cookie, start));
    CHECK_FALSE(all.take(a.state, "", start));
    CHECK_FALSE(all.take(a.state, b.cookie, start));
    std::string changed = a.cookie;
    changed[40] = changed[40] == 'A' ? 'B' : 'A';
    CHECK_FALSE(all.take(a.state, changed, start));
    CHECK_FALSE(pending_logins().take(a.state, a.cookie, start)); // of another process
    const auto taken = all.take(a.state, a.cookie, start);
    REQUIRE(taken);
    CHECK(taken->nonce == a.nonce);
    CHECK(taken->verifier == a.verifier);
    CHECK(taken->redirect_uri == "https://p/cb");
    CHECK(taken->before == "remembered");
    CHECK_FALSE(all.take(a.state, a.cookie, start));
    CHECK_FALSE(all.take(a.state, a.cookie, start + pending_logins::lifetime));
    CHECK_FALSE(all.take(b.state, b.cookie, start + pending_logins::lifetime));
}

TEST_CASE("oidc: however many logins are begun, none is pushed out, and none is finished twice") {
    pending_logins all;
    const auto first = all.begin("https://p/cb", start);
    for (int n = 0; n < 2'000; ++n)
        all.begin("https://p/cb", start);
    CHECK(all.take(first.state, first.cookie, start));
    for (std::size_t n = 1; n < pending_logins::most; ++n) {
        const auto one = all.begin("", start);
        REQUIRE(all.take(one.state, one.cookie, start));
    }
    const auto last = all.begin("", start + 1);
    CHECK_FALSE(all.take(last.state, last.cookie, start + 1));
    CHECK_FALSE(all.take(first.state, first.cookie, start + 1));
    CHECK(all.take(last.state, last.cookie, start + pending_logins::lifetime));
}

TEST_CASE("oidc: who the user is comes from the ID token, and from userinfo of the same person") {
    page_config::oidc_config config;
    config.issuer = "https://login.example.org";
    config.groups_claim = "realm.roles";
    const std::string token = R"({"sub":"1","preferred_username":"eve","email":"eve@example.org","email_verified":true,"realm":{"roles":["r"]}})";
    const oidc_user user = read_user(token, "", config);
    CHECK(user.id == "oidc:https://login.example.org|1");
    CHECK(user.name == "eve");
    CHECK(user.claims.user == "1");
    CHECK(user.claims.email == "eve@example.org");
    CHECK(user.claims.groups == std::vector<std::string>{"r"});
    CHECK(tells_enough(token, config));
    config.groups_claim = "groups";
    CHECK_FALSE(tells_enough(token, config));
    const oidc_user more = read_user(token, R"({"sub":"1","name":"Eve \n E","groups":["a", 1, "b"]})", config);
    CHECK(more.name == "Eve  E");
    CHECK(more.claims.groups == std::vector<std::string>{"a", "b"});
    const oidc_user another = read_user(R"({"sub":"1"})", R"({"sub":"2","email":"boss@example.org","email_verified":true,"groups":["admins"]})", config);
    CHECK(another.claims.groups.empty());
    CHECK(another.claims.email.empty());
    CHECK(read_user(R"({"sub":"1","email":"boss@example.org"})", "", config).claims.email.empty());
    CHECK(read_user(R"({"sub":"1","groups":"one"})", "", config).claims.groups == std::vector<std::string>{"one"});
}

TEST_CASE("oidc: a name that users choose decides on nothing, unless the configuration says which claim does") {
    const std::vector<page_access> access{{"", "boss", {"operator"}, {}}, {"", "boss@example.org", {"auditor"}, {}}};
    page_config::oidc_config config;
    const auto roles = [&](const std::string& claims) { return rights_of(access, read_user(claims, "", config).claims); };
    const std::string chosen = R"({"sub":"7","preferred_username":"boss","name":"boss","nickname":"boss"})";
    CHECK(roles(chosen).none());
    CHECK(roles(R"({"sub":"7","preferred_username":"boss@example.org","email":"boss@example.org"})").none());
    CHECK(roles(R"({"sub":"7","preferred_username":"boss@example.org","email":"boss@example.org","email_verified":"true"})").none());
    CHECK(roles(R"({"sub":"boss"})") == only(role::operator_));
    config.user_claim = "preferred_username";
    CHECK(roles(chosen) == only(role::operator_));
    CHECK(roles(R"({"sub":"boss","preferred_username":"mallory"})").none()); // one namespace, not two
    CHECK(roles(R"({"sub":"7","preferred_username":"boss@example.org"})").none());
}
