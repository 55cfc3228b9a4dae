// SPDX-License-Identifier: Apache-2.0
// Which actors stand in the matrix, at which rates, and from which rate on a detector must see
// each. The promises follow from what the detectors say of themselves: so many events for a period,
// so many characters below a domain, one whole token, a budget.
#include "bench/campaign/egress_matrix.h"

#include <fmt/format.h>
#include <limits>

namespace bench::campaign {

using namespace std::chrono_literals;
using namespace drivers::array;

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double events_of_little_jitter = 48; // A tenth of the period
constexpr double events_of_much_jitter = 1000; // Half of it: the halves must agree on the period

class Rows {
public:
    Rows(drivers::Duration watched, MatrixForm form)
        : watched_s_(std::chrono::duration<double>(watched).count())
        , steps_(form == MatrixForm::brief ? 5 : 7) {}

    // From the highest rate down, a tenth each.
    struct Leak {
        ActorSettings actor;
        std::string detail;
        std::string detector;
        double promised_bytes = 0; // In all
        double highest_bytes_per_s = 0;
    };

    void add(const Leak& leak) {
        LeakQuestion out;
        out.name = std::string(actor_kind_name(leak.actor.kind)) +
                   (leak.detail.empty() ? "" : ", " + leak.detail);
        out.actor = leak.actor;
        out.detector = leak.detector;
        out.promised_bytes_per_s = leak.promised_bytes / watched_s_;
        double rate = leak.highest_bytes_per_s;
        for (int step = 0; step < steps_; ++step) {
            out.rates_bytes_per_s.push_back(rate);
            rate /= 10;
        }
        rows.push_back(std::move(out));
    }

    double watched_s() const { return watched_s_; }

    std::vector<LeakQuestion> rows;

private:
    double watched_s_;
    int steps_;
};

void add_periodic(Rows& out) {
    ActorSettings beacon = usual_actor(ActorKind::beacon);
    out.add({beacon, "", "period not declared", 64 * events_of_little_jitter, 10});
    beacon.memoryless = true;
    out.add({beacon, "without a period", "period not declared", never, 10});
    out.add({usual_actor(ActorKind::slow_drip), "", "long connection", 16 * 10, 10});
    out.add({usual_actor(ActorKind::ipv6_side_path),
             "",
             "period not declared",
             128 * events_of_much_jitter,
             100});
    out.add({usual_actor(ActorKind::data_port_syn),
             "counted as a byte each",
             "period not declared",
             events_of_much_jitter,
             1});
}

void add_ingest(Rows& out) {
    out.add({usual_actor(ActorKind::burst_after_ingest), "", "answer to a stimulus", 0, 1000});
    // The shipped budget of the scene is 64 KiB an hour, of which lawful reports take a part.
    constexpr double promised_bytes_per_s = 25;
    out.add({usual_actor(ActorKind::hidden_in_call_home),
             "",
             "budget exceeded",
             promised_bytes_per_s * out.watched_s(),
             1000});
}

void add_tunnels(Rows& out, MatrixForm form) {
    constexpr double characters_promised = 1000 * 1.2;
    ActorSettings dns = usual_actor(ActorKind::dns_tunnel);
    dns.size_bytes = 8;
    constexpr double characters_a_query = 15; // 13 of base32, a dot, a number
    const double promised = 8 * characters_promised / characters_a_query;
    out.add({dns, "8 B a query by TXT", "DNS tunnel", promised, 10});
    if (form == MatrixForm::full) {
        dns.dns_carrier = DnsCarrier::null;
        out.add({dns, "8 B a query by NULL", "DNS tunnel", promised, 10});
        dns.dns_carrier = DnsCarrier::cname;
        out.add({dns, "8 B a query by CNAME", "DNS tunnel", promised, 10});
        dns.size_bytes = 60;
        out.add({dns, "60 B a query by CNAME", "DNS tunnel", 60 * 4, 10});
    }
    out.add({usual_actor(ActorKind::icmp_tunnel), "", "ICMP tunnel", 320 * 4, 100});
}

void add_canaries(Rows& out, MatrixForm form) {
    ActorSettings leak = usual_actor(ActorKind::canary_leak);
    for (std::size_t i = 0; i < leak_encoding_count; ++i) {
        leak.encoding = static_cast<LeakEncoding>(i);
        const bool shown = form == MatrixForm::full || leak.encoding == LeakEncoding::raw ||
                           leak.encoding == LeakEncoding::base64 ||
                           leak.encoding == LeakEncoding::zstd;
        if (shown) {
            out.add({leak,
                     fmt::format("as {}", leak_encoding_name(leak.encoding)),
                     "canary",
                     512 * 3,
                     100});
        }
    }
    leak = usual_actor(ActorKind::canary_leak);
    leak.size_bytes = 32; // Less than what a token needs.
    out.add({leak, "in pieces shorter than a token", "canary", never, 10});
}

} // namespace

LeakMatrix leak_matrix(MatrixForm form) {
    LeakMatrix out;
    out.watched = form == MatrixForm::brief ? 6h : 24h;
    out.seeds = form == MatrixForm::brief ? 1 : 5;
    Rows rows(out.watched, form);
    add_periodic(rows);
    add_ingest(rows);
    add_tunnels(rows, form);
    add_canaries(rows, form);
    for (const LeakQuestion& question : rows.rows) {
        out.rows.push_back(leak_row(question, out.watched, out.seeds));
    }
    return out;
}

} // namespace bench::campaign
