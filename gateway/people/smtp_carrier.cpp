#include "gateway/people/carrier.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace trialgate::gateway {

namespace {

struct reading {
    std::string_view left;
};

std::size_t give(char* into, std::size_t size, std::size_t count, void* from) {
    auto& r = *static_cast<reading*>(from);
    const std::size_t n = std::min(size * count, r.left.size());
    std::memcpy(into, r.left.data(), n);
    r.left.remove_prefix(n);
    return n;
}

int watch(void* cut, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return static_cast<const std::atomic<bool>*>(cut)->load() ? 1 : 0; }

std::string trouble(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return "name not found";
    case CURLE_COULDNT_CONNECT: return "no connection";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_USE_SSL_FAILED: return "no STARTTLS offered";
    case CURLE_PEER_FAILED_VERIFICATION: return "certificate";
    case CURLE_SSL_CONNECT_ERROR: return "TLS";
    case CURLE_SSL_CACERT_BADFILE: return "CA file";
    case CURLE_LOGIN_DENIED: return "login refused";
    case CURLE_ABORTED_BY_CALLBACK: return "interrupted";
    default: return "error " + std::to_string(static_cast<int>(code)) + " of libcurl";
    }
}

/// What was answered to MAIL, RCPT or DATA is about this mail; what comes before, and demands for a login, is about the relay.
mail_outcome judge(CURLcode code, long answer) {
    using is = mail_outcome::is;
    if (code == CURLE_OK)
        return {is::taken, {}};
    const bool about_mail =
        code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UPLOAD_FAILED;
    const bool login = answer == 421 || answer == 454 || answer == 530 || answer == 534 || answer == 535 || answer == 538;
    if (!about_mail || login || answer < 400 || answer > 599)
        return {is::relay, answer >= 400 ? std::to_string(answer) : trouble(code)};
    return {answer < 500 ? is::later : is::refused, std::to_string(answer)};
}

class smtp_carrier final : public carrier {
public:
    explicit smtp_carrier(relay_config relay) : relay_(std::move(relay)) {
        static std::once_flag once;
        std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    }

    mail_outcome send(const std::string& to, const std::string& bytes) override {
        // One connection a mail: mails are few, and a relay that comes back is tried from the beginning.
        const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
        if (!handle)
            return {mail_outcome::is::relay, "libcurl"};
        using list = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
        const list to_list(curl_slist_append(nullptr, ('<' + to + '>').c_str()), &curl_slist_free_all);
        reading source{bytes};
        prepare(handle.get());
        curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT, to_list.get());
        curl_easy_setopt(handle.get(), CURLOPT_READFUNCTION, give);
        curl_easy_setopt(handle.get(), CURLOPT_READDATA, &source);
        const CURLcode code = curl_easy_perform(handle.get());
        long answer = 0;
        curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer);
        return judge(code, answer);
    }

    void cut() override { cut_ = true; }

private:
    void prepare(CURL* h) {
        using security = relay_config::security;
        const bool v6 = relay_.host.find(':') != std::string::npos;
        const std::string url = std::string(relay_.how == security::tls ? "smtps://" : "smtp://") +
                                (v6 ? "[" + relay_.host + "]" : relay_.host) + ':' + std::to_string(relay_.port);
        curl_easy_setopt(h, CURLOPT_URL, url.c_str());
        curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(h, CURLOPT_PROXY, ""); // whatever the environment says
        curl_easy_setopt(h, CURLOPT_USE_SSL, relay_.how == security::none ? CURLUSESSL_NONE : CURLUSESSL_ALL);
        curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(h, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
        if (!relay_.ca.empty()) {
            curl_easy_setopt(h, CURLOPT_CAINFO, relay_.ca.c_str());
            curl_easy_setopt(h, CURLOPT_CAPATH, nullptr);
        }
        if (!relay_.user.empty()) {
            curl_easy_setopt(h, CURLOPT_USERNAME, relay_.user.c_str());
            curl_easy_setopt(h, CURLOPT_PASSWORD, relay_.password.value.c_str());
        }
        curl_easy_setopt(h, CURLOPT_MAIL_FROM, ('<' + relay_.from + '>').c_str());
        curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        const auto deadline = static_cast<long>(relay_.deadline);
        curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, deadline);
        curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, deadline);
        curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, watch);
        curl_easy_setopt(h, CURLOPT_XFERINFODATA, &cut_);
    }

    const relay_config relay_;
    std::atomic<bool> cut_ = false;
};

} // namespace

std::unique_ptr<carrier> make_smtp_carrier(relay_config relay) { return std::make_unique<smtp_carrier>(std::move(relay)); }

} // namespace trialgate::gateway
