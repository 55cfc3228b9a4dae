// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/outside.h"

#include "drivers/api/errors.h"
#include "drivers/lab/address_plan.h"
#include "drivers/lab/catch_all.h"
#include "drivers/lab/datagram_sink.h"
#include "drivers/lab/tls_sink.h"
#include "drivers/lab/tool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fmt/format.h>
#include <thread>

namespace drivers::lab {

namespace {

constexpr std::array<const char*, 4> served{
    resolver_address, time_address, log_address, trap_address};

std::vector<std::string> own_addresses() {
    std::vector<std::string> out(served.begin(), served.end());
    for (unsigned i = 0; i < named_count; ++i) {
        out.push_back(fmt::format("192.0.2.{}", named_first + i));
    }
    return out;
}

void furnish(const NetworkNamespace& network) {
    std::string lines = fmt::format("link set lo up\n"
                                    "link set {0} addrgenmode none\n"
                                    "addr add {1}/32 dev {0}\n"
                                    "link set {0} up\n"
                                    "route add {2} dev {0} src {1}\n"
                                    "addr add {3}/64 dev {0} nodad\n",
                                    outside_interface,
                                    gateway_address,
                                    array_addresses,
                                    gateway_address_ipv6);
    for (const std::string& address : own_addresses()) {
        lines += fmt::format("addr add {}/32 dev lo\n", address);
    }
    run_tool({"ip", "-batch", "-"}, lines, network.descriptor(), {});
}

std::vector<wire::IpPrefix> not_for_the_catch_all() {
    std::vector<wire::IpPrefix> out;
    std::vector<std::string> texts = own_addresses();
    texts.insert(texts.end(),
                 {gateway_address, gateway_address_ipv6, array_addresses, initiator_address});
    out.reserve(texts.size());
    for (const std::string& text : texts) {
        out.push_back(*wire::parse_ip_prefix(text));
    }
    return out;
}

} // namespace

struct Outside::Services {
    ~Services() {
        const std::uint64_t one = 1;
        (void)!::write(stop_fd, &one, sizeof one);
        if (thread.joinable()) {
            thread.join();
        }
        ::close(stop_fd);
    }

    void open(SinkLog& log) {
        constexpr std::uint16_t dns_port = 53;
        constexpr std::uint16_t ntp_port = 123;
        constexpr std::uint16_t syslog_port = 514;
        constexpr std::uint16_t trap_port = 162;
        const auto datagrams =
            [&](const char* name, const char* address, std::uint16_t port, auto how) {
                all.push_back(std::make_unique<DatagramSink>(
                    DatagramSink::Place{name, address, port}, how, log));
            };
        datagrams("DNS", resolver_address, dns_port, answer_dns);
        datagrams("NTP", time_address, ntp_port, answer_ntp);
        datagrams("syslog", log_address, syslog_port, take_text);
        datagrams("SNMP", trap_address, trap_port, take_text);
        all.push_back(std::make_unique<TlsSink>(std::vector<std::uint16_t>{443, 6514, 8443}, log));
        all.push_back(std::make_unique<CatchAll>(outside_interface, not_for_the_catch_all(), log));
    }

    void serve() {
        constexpr int tick_ms = 1000;
        sigset_t broken_pipe; // A caller that hangs up must not end the bench.
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        std::vector<pollfd> watched;
        for (;;) {
            watched.assign({{stop_fd, POLLIN, 0}});
            std::vector<std::pair<Service*, std::size_t>> ends;
            for (const auto& service : all) {
                service->add_to(watched);
                ends.emplace_back(service.get(), watched.size());
            }
            (void)::poll(watched.data(), watched.size(), tick_ms);
            if (watched[0].revents != 0) {
                return;
            }
            std::size_t at = 1;
            for (const auto& [service, end] : ends) {
                for (; at < end; ++at) {
                    if (watched[at].revents != 0) {
                        service->serve(watched[at]);
                    }
                }
                service->tick();
            }
        }
    }

    int stop_fd = ::eventfd(0, EFD_CLOEXEC);
    std::vector<std::unique_ptr<Service>> all;
    std::thread thread;
};

Outside::Outside(const NetworkNamespace& network)
    : services_(std::make_unique<Services>()) {
    furnish(network);
    network.run_inside([&] { services_->open(log_); });
    Services* services = services_.get(); // Sockets stay where they were opened, whoever uses them.
    services->thread = std::thread([services] { services->serve(); });
}

Outside::~Outside() = default;

} // namespace drivers::lab
