#include "tests/bench/hook_load.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace trialgate::bench {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

class load {
public:
    explicit load(const load_plan& plan) : plan_(plan), start_(steady_clock::now()), end_(start_ + span(plan.seconds)), ticks_(io_) {
        for (unsigned i = 0; i < plan.connections; ++i) {
            auto& c = all_.emplace_back(std::make_unique<connection>(io_));
            c->socket.connect({asio::ip::address_v4::loopback(), plan.port});
            c->socket.set_option(tcp::no_delay(true));
        }
    }

    load_figures run() {
        start_ = steady_clock::now();
        end_ = start_ + span(plan_.seconds);
        for (const auto& c : all_)
            idle_.push_back(c.get());
        if (plan_.per_second > 0)
            tick();
        else
            while (!idle_.empty())
                send(take(), steady_clock::now());
        io_.run();
        figures_.seconds = std::chrono::duration<double>(last_ - start_).count();
        return std::move(figures_);
    }

private:
    struct connection {
        explicit connection(asio::io_context& io) : socket(io) {}
        tcp::socket socket;
        std::string out;
        std::array<char, 4096> in{};
        std::size_t have = 0;
        moment due;
    };

    static steady_clock::duration span(double seconds) {
        return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
    }
    connection& take() {
        connection& c = *idle_.back();
        idle_.pop_back();
        return c;
    }
    moment due() const { return start_ + span(static_cast<double>(sent_) / plan_.per_second); }

    void send_what_is_due() {
        const moment now = steady_clock::now();
        for (moment at = due(); !idle_.empty() && at <= now && at < end_; at = due())
            send(take(), at);
    }

    void tick() {
        send_what_is_due();
        if (due() >= end_)
            return;
        ticks_.expires_after(std::chrono::milliseconds(1));
        ticks_.async_wait([this](error_code) { tick(); });
    }

    void send(connection& c, moment at) {
        ++sent_;
        c.due = at;
        c.have = 0;
        plan_.next(c.out, at);
        asio::async_write(c.socket, asio::buffer(c.out), [this, &c](error_code ec, std::size_t) { ec ? lost(ec) : receive(c); });
    }

    void receive(connection& c) {
        c.socket.async_read_some(asio::buffer(c.in.data() + c.have, c.in.size() - c.have), [this, &c](error_code ec, std::size_t n) {
            if (ec)
                return lost(ec);
            c.have += n;
            complete({c.in.data(), c.have}) ? answered(c) : receive(c);
        });
    }

    static bool complete(std::string_view text) {
        const auto head = text.find("\r\n\r\n");
        if (head == text.npos)
            return false;
        const auto length = text.substr(0, head + 2).find("ontent-Length: ");
        return length == text.npos || text.size() >= head + 4 + std::strtoul(text.data() + length + 15, nullptr, 10);
    }

    void answered(connection& c) {
        last_ = steady_clock::now();
        std::string_view(c.in.data(), c.have).substr(9, 3) == "200" ? ++figures_.answered : ++figures_.refused;
        figures_.latencies.push_back(std::chrono::duration<double, std::milli>(last_ - c.due).count());
        if (plan_.per_second > 0) {
            idle_.push_back(&c);
            send_what_is_due();
        } else if (last_ < end_) {
            send(c, last_);
        }
    }

    [[noreturn]] static void lost(error_code ec) {
        std::fprintf(stderr, "a connection was lost: %s\n", ec.message().c_str());
        std::exit(1);
    }

    const load_plan& plan_;
    moment start_, end_, last_;
    asio::io_context io_{1};
    asio::steady_timer ticks_;
    std::vector<std::unique_ptr<connection>> all_;
    std::vector<connection*> idle_;
    std::uint64_t sent_ = 0;
    load_figures figures_;
};

} // namespace

load_figures run_load(const load_plan& plan) { return load(plan).run(); }

double percentile(std::vector<double> values, double part) {
    if (values.empty())
        return 0;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

} // namespace trialgate::bench
