// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/laboratory.h"

#include "drivers/lab/tool.h"

#include <array>
#include <fmt/format.h>
#include <fstream>
#include <utility>

namespace drivers::lab {

namespace {

// A line for `ip -batch`: a cable from the switch into another network.
std::string cable(const std::string& at_switch,
                  const std::string& interface,
                  const std::string& mac,
                  int network) {
    return fmt::format("link add {0} type veth peer name {1} address {2} netns /proc/self/fd/{3}\n"
                       "link set {0} addrgenmode none\n"
                       "link set {0} master sw\n"
                       "link set {0} up\n",
                       at_switch,
                       interface,
                       mac,
                       network);
}

void ip_batch(const std::string& lines,
              const NetworkNamespace& network,
              const std::vector<int>& descriptors = {}) {
    run_tool({"ip", "-batch", "-"}, lines, network.descriptor(), descriptors);
}

// Best effort: where /proc/sys is read-only, an address may be answered for by the other port too.
void set_kernel(const char* path, const char* value) {
    std::ofstream file(path);
    file << value;
}

void answer_for_own_addresses_only() {
    set_kernel("/proc/sys/net/ipv4/conf/all/arp_ignore", "1");
    set_kernel("/proc/sys/net/ipv4/conf/all/arp_announce", "2");
    set_kernel("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
    set_kernel("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
}

} // namespace

Laboratory::Laboratory(const std::vector<std::size_t>& controllers) {
    for (const std::size_t count : controllers) {
        places_.push_back(place_of_array(places_.size(), count));
        arrays_.emplace_back();
    }
    wire();
    furnish_initiator();
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
        furnish_array(i);
    }
    outside_ = std::make_unique<Outside>(outside_network_);
    mirror(); // Before any array speaks, after the house-keeping of the links.
}

Laboratory::~Laboratory() = default;

void Laboratory::wire() {
    std::string lines = "link set lo up\n"
                        "link add sw type bridge\n"
                        "link set sw type bridge stp_state 0 mcast_snooping 0\n"
                        "link set sw addrgenmode none\n"
                        "link set sw up\n";
    std::vector<int> descriptors{initiator_.descriptor(), outside_network_.descriptor()};
    lines += cable("p-init", initiator_interface, initiator_mac, initiator_.descriptor());
    lines += cable("p-out", outside_interface, gateway_mac, outside_network_.descriptor());
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
        const int network = arrays_[i].descriptor();
        descriptors.push_back(network);
        lines += cable(fmt::format("p-data{}", i), data_interface, places_[i].data_mac, network);
        lines += cable(
            fmt::format("p-mgmt{}", i), management_interface, places_[i].management_mac, network);
        // What is sent into one end of this cable is what the tap at the other end shows.
        lines += fmt::format("link add p-mir{0} type veth peer name {1}\n"
                             "link set p-mir{0} addrgenmode none\n"
                             "link set {1} addrgenmode none\n"
                             "link set p-mir{0} up\nlink set {1} up\n",
                             i,
                             places_[i].mirror);
    }
    ip_batch(lines, switch_, descriptors);
}

void Laboratory::mirror() const {
    std::string lines;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
        for (const char* port : {"p-data", "p-mgmt"}) {
            lines += fmt::format("qdisc add dev {}{} clsact\n", port, i);
            for (const char* way : {"ingress", "egress"}) {
                lines += fmt::format("filter add dev {0}{1} {2} protocol all u32 match u32 0 0 "
                                     "action mirred egress mirror dev p-mir{1}\n",
                                     port,
                                     i,
                                     way);
            }
        }
    }
    run_tool({"tc", "-batch", "-"}, lines, switch_.descriptor(), {});
}

void Laboratory::furnish_initiator() const {
    ip_batch(fmt::format("link set lo up\n"
                         "link set {0} addrgenmode none\n"
                         "addr add {1}/32 dev {0}\n"
                         "link set {0} up\n"
                         "route add {2} dev {0} src {1}\n",
                         initiator_interface,
                         initiator_address,
                         array_addresses),
             initiator_);
}

void Laboratory::furnish_array(std::size_t array) const {
    const ArrayPlace& place = places_[array];
    arrays_[array].run_inside(answer_for_own_addresses_only);
    std::string lines = "link set lo up\n";
    for (const char* interface : {data_interface, management_interface}) {
        // One frame on the wire is one packet, as a physical port would show it.
        lines += fmt::format("link set {} addrgenmode none\n", interface);
    }
    lines += fmt::format("link set {} gso_max_segs 1\n", management_interface);
    for (const std::string& address : place.data_addresses) {
        lines += fmt::format("addr add {}/32 dev {}\n", address, data_interface);
    }
    lines += fmt::format("addr add {}/32 dev {}\n", place.management_address, management_interface);
    lines += fmt::format("link set {} up\nlink set {} up\n", data_interface, management_interface);
    lines += fmt::format(
        "addr add {}/64 dev {} nodad\n", place.management_address_ipv6, management_interface);
    lines += fmt::format("route add {} dev {} src {}\n",
                         initiator_address,
                         data_interface,
                         place.data_addresses.front());
    // The data port knows the way out too: what keeps a lawful array from using it is the array.
    const std::array<std::pair<const char*, const std::string*>, 2> ways{
        {{management_interface, &place.management_address},
         {data_interface, &place.data_addresses.front()}}};
    int metric = 10;
    for (const auto& [interface, source] : ways) {
        lines += fmt::format("route add {0} dev {1} src {2} metric {3}\n"
                             "route add default via {0} dev {1} src {2} metric {3}\n",
                             gateway_address,
                             interface,
                             *source,
                             metric);
        metric += 10;
    }
    lines += fmt::format(
        "route add default via {} dev {}\n", gateway_address_ipv6, management_interface);
    ip_batch(lines, arrays_[array]);
}

} // namespace drivers::lab
