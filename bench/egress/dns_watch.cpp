// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/dns_watch.h"

#include "bench/egress/entropy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <tuple>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t entries_max = 100'000;
constexpr std::size_t subdomains_max = 2'000'000;
constexpr std::size_t data_label_characters = 20;
constexpr double data_entropy_bits =
    3.2; // Of 24 and more characters; English words and host names stay below.

constexpr std::array<std::string_view, 12> public_second_labels{
    "co", "com", "org", "net", "gov", "edu", "ac", "gob", "mil", "or", "ne", "go"};

std::string_view subdomain_of(std::string_view name, std::string_view domain) {
    return name.size() > domain.size() + 1 ? name.substr(0, name.size() - domain.size() - 1)
                                           : std::string_view{};
}

// Length of a subdomain as analysers print it: an escaped byte is one character, a UTF-8 sequence
// too.
std::size_t characters(std::string_view text) {
    std::size_t out = 0;
    unsigned following = 0; // Continuation bytes that the last lead byte announced
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = static_cast<unsigned char>(text[at]);
        if (text[at] == '\\' && at + 3 < text.size()) {
            value = static_cast<unsigned>((text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 +
                                          (text[at + 3] - '0'));
            at += 3;
        }
        const bool continues = following > 0 && (value & 0xC0U) == 0x80U;
        out += continues ? 0U : 1U;
        following = continues                          ? following - 1
                    : value >= 0xC2U && value < 0xE0U  ? 1
                    : value >= 0xE0U && value < 0xF0U  ? 2
                    : value >= 0xF0U && value <= 0xF4U ? 3
                                                       : 0;
    }
    return out;
}

std::size_t data_characters(std::string_view subdomain) {
    std::size_t out = 0;
    while (!subdomain.empty()) {
        const std::size_t end = std::min(subdomain.find('.'), subdomain.size());
        out += looks_like_data(subdomain.substr(0, end)) ? characters(subdomain.substr(0, end)) : 0;
        subdomain.remove_prefix(std::min(subdomain.size(), end + 1));
    }
    return out;
}

bool carries_data_down(std::uint16_t type) {
    return type == dns_type_txt || type == dns_type_null || type == dns_type_cname;
}

std::string type_text(std::uint16_t type) {
    const char* name = type == dns_type_a       ? "A"
                       : type == dns_type_aaaa  ? "AAAA"
                       : type == dns_type_txt   ? "TXT"
                       : type == dns_type_null  ? "NULL"
                       : type == dns_type_cname ? "CNAME"
                                                : nullptr;
    return name != nullptr ? std::string(name) : fmt::format("type {}", type);
}

} // namespace

void DnsTypes::add(std::uint16_t type) noexcept {
    const auto end = types_.begin() + count_;
    const auto at = std::lower_bound(types_.begin(), end, type);
    if (at != end && *at == type) {
        return;
    }
    if (count_ == types_.size()) {
        more_ = true;
        return;
    }
    std::copy_backward(at, end, end + 1);
    *at = type;
    ++count_;
}

std::string DnsTypes::text() const {
    std::string out;
    for (std::size_t i = 0; i < count_; ++i) {
        out += (out.empty() ? "" : ", ") + type_text(types_[i]);
    }
    return out + (more_ ? " and more" : "");
}

bool looks_like_data(std::string_view label) {
    return label.size() >= data_label_characters &&
           entropy_bits(std::as_bytes(std::span(label))) >= data_entropy_bits;
}

std::string_view registered_domain(std::string_view name) {
    std::array<std::size_t, 3> dots{
        std::string_view::npos, std::string_view::npos, std::string_view::npos};
    std::size_t from = std::string_view::npos;
    for (std::size_t& dot : dots) {
        dot = name.rfind('.', from);
        if (dot == std::string_view::npos || dot == 0) {
            break;
        }
        from = dot - 1;
    }
    if (dots[0] == std::string_view::npos || dots[1] == std::string_view::npos) {
        return name;
    }
    const std::string_view second = name.substr(dots[1] + 1, dots[0] - dots[1] - 1);
    const bool country = name.size() - dots[0] - 1 == 2;
    const bool public_suffix =
        country && std::find(public_second_labels.begin(), public_second_labels.end(), second) !=
                       public_second_labels.end();
    const std::size_t cut = public_suffix ? dots[2] : dots[1];
    return cut == std::string_view::npos ? name : name.substr(cut + 1);
}

std::uint64_t DnsWatch::hash_of(const IpAddress& client,
                                const IpAddress& server,
                                std::string_view name) const noexcept {
    integrity::SipHash<2, 4> state(secret_);
    for (const IpAddress* address : {&client, &server}) {
        std::array<std::uint64_t, 2> halves{};
        std::memcpy(halves.data(), address->bytes.data(), address->bytes.size());
        state.word(halves[0]);
        state.word(halves[1]);
    }
    state.word(std::uint64_t{client.family} << 8U | server.family);
    constexpr std::uint64_t bytes_before = 40;
    return state.end_with(std::as_bytes(std::span(name)), bytes_before);
}

DnsTraffic* DnsWatch::entry(const IpAddress& client,
                            const IpAddress& server,
                            std::string_view domain,
                            const Packet& packet) {
    const auto hash = static_cast<std::uint32_t>(hash_of(client, server, domain));
    const std::uint32_t found = table_.find(hash, [&](std::uint32_t one) {
        const Domain& known = domains_[one];
        return known.name == domain && known.client == client && known.server == server;
    });
    if (found != SlotTable::none) {
        return &domains_[found].traffic;
    }
    if (domains_.size() >= entries_max) {
        ++left_out_;
        return nullptr;
    }
    table_.insert(hash, static_cast<std::uint32_t>(domains_.size()));
    Domain& fresh = domains_.emplace_back();
    fresh.client = client;
    fresh.server = server;
    fresh.name = domain;
    fresh.traffic.sample = key_of(packet).key;
    return &fresh.traffic;
}

// Two different names taken for one would need 2^32 queries.
bool DnsWatch::is_fresh(std::uint64_t hash, bool asks) {
    if (!asks) {
        return false;
    }
    const auto known = subdomains_.find(static_cast<std::uint32_t>(hash), [&](std::uint32_t one) {
        return subdomain_hashes_[one] == hash;
    });
    if (known != SlotTable::none) {
        return false;
    }
    if (subdomain_hashes_.size() >= subdomains_max) {
        ++names_left_out_;
        return false;
    }
    subdomains_.insert(static_cast<std::uint32_t>(hash),
                       static_cast<std::uint32_t>(subdomain_hashes_.size()));
    subdomain_hashes_.push_back(hash);
    return true;
}

void DnsWatch::message(const DnsMessage& message, const Packet& packet, std::int64_t at_ns) {
    const IpAddress& client = message.response ? packet.destination : packet.source;
    const IpAddress& server = message.response ? packet.source : packet.destination;
    const std::string_view name =
        message.questions.empty() ? std::string_view{} : message.questions[0].name;
    const std::string_view domain = registered_domain(name);
    const std::string_view subdomain = subdomain_of(name, domain);
    std::uint64_t fresh_characters = 0;
    std::uint64_t fresh_data = 0;
    if (is_fresh(hash_of(client, server, name), !message.response && !subdomain.empty())) {
        fresh_characters = characters(subdomain);
        fresh_data = data_characters(subdomain);
    }
    std::uint64_t answer_bytes = 0;
    for (const DnsAnswer& answer : message.answers) {
        answer_bytes += carries_data_down(answer.type) ? answer.data_bytes : 0;
    }
    for (const std::string_view scope : {domain, std::string_view{}}) {
        DnsTraffic* traffic = entry(client, server, scope, packet);
        if (traffic == nullptr) {
            continue;
        }
        traffic->first_ns = traffic->first_ns == 0 ? at_ns : traffic->first_ns;
        traffic->last_ns = at_ns;
        traffic->longest_label = std::max(traffic->longest_label, message.longest_label_bytes);
        if (!message.response) {
            ++traffic->queries;
            if (name.size() > traffic->longest_query.size()) {
                traffic->longest_query = name;
            }
        }
        traffic->distinct_characters += fresh_characters;
        traffic->long_label_characters += fresh_data;
        for (const DnsQuestion& question : message.questions) {
            traffic->types.add(question.type);
        }
        traffic->answer_bytes += answer_bytes;
    }
}

std::vector<const DnsWatch::Domain*> DnsWatch::in_order() const {
    std::vector<const Domain*> out;
    for (const Domain& one : domains_) {
        out.push_back(&one);
    }
    std::sort(out.begin(), out.end(), [](const Domain* left, const Domain* right) {
        return std::tie(left->client, left->server, left->name) <
               std::tie(right->client, right->server, right->name);
    });
    return out;
}

namespace {

struct Reason {
    std::string why;
    const char* confidence = "";
};

// What is suspicious below one domain; the strongest sign counts.
std::optional<Reason>
domain_reason(const std::string& domain, const DnsTraffic& traffic, const DnsLimits& limits) {
    if (traffic.distinct_characters > limits.domain_characters) {
        return Reason{
            fmt::format("{} characters of distinct subdomains below {} in {} queries (limit {})",
                        traffic.distinct_characters,
                        domain,
                        traffic.queries,
                        limits.domain_characters),
            "high"};
    }
    if (traffic.answer_bytes > limits.answer_bytes) {
        return Reason{fmt::format("{} bytes of TXT, NULL and CNAME answers below {} (limit {})",
                                  traffic.answer_bytes,
                                  domain,
                                  limits.answer_bytes),
                      "medium"};
    }
    const std::string_view longest = subdomain_of(traffic.longest_query, domain);
    if (longest.size() >= limits.single_query_characters &&
        data_characters(longest) >= data_label_characters) {
        return Reason{fmt::format("one query carries {} characters of data-like labels: {}",
                                  longest.size(),
                                  traffic.longest_query),
                      "low"};
    }
    return std::nullopt;
}

// Over all domains of a pair: tunnels need no common one.
std::optional<Reason> pair_reason(const DnsTraffic& traffic, const DnsLimits& limits) {
    if (traffic.long_label_characters <= limits.pair_data_characters) {
        return std::nullopt;
    }
    return Reason{
        fmt::format("{} characters of data-like labels over many domains in {} queries (limit {})",
                    traffic.long_label_characters,
                    traffic.queries,
                    limits.pair_data_characters),
        "medium"};
}

} // namespace

std::vector<DnsSuspicion> DnsWatch::suspicions(const DnsLimits& limits) const {
    std::vector<DnsSuspicion> out;
    std::set<std::pair<IpAddress, IpAddress>> explained;
    const std::vector<const Domain*> domains = in_order();
    for (const bool whole_pairs : {false, true}) {
        for (const Domain* one : domains) {
            const auto& [client, server, domain, traffic] = *one;
            if (domain.empty() != whole_pairs ||
                (whole_pairs && explained.count({client, server}) != 0)) {
                continue;
            }
            const auto reason =
                whole_pairs ? pair_reason(traffic, limits) : domain_reason(domain, traffic, limits);
            if (reason) {
                explained.insert({client, server});
                out.push_back({domain,
                               reason->why + "; types " + traffic.types.text(),
                               reason->confidence,
                               traffic,
                               client,
                               server});
            }
        }
    }
    return out;
}

} // namespace bench::egress
