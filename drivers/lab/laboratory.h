// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/lab/address_plan.h"
#include "drivers/lab/network_namespace.h"
#include "drivers/lab/outside.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace drivers::lab {

// An isolated network of networks: an initiator, arrays with a data and a management port each, a
// switch with a mirror port per array, and an outside that answers everything and keeps it. Nothing
// in it can reach the host's own network, and the kernel removes all of it with the last process
// that holds a part of it.
class Laboratory {
public:
    // One element per array: how many controllers it has. Throws HostError.
    explicit Laboratory(const std::vector<std::size_t>& controllers);
    ~Laboratory();
    Laboratory(const Laboratory&) = delete;
    Laboratory& operator=(const Laboratory&) = delete;

    const ArrayPlace& place(std::size_t array) const { return places_[array]; }
    int array_network(std::size_t array) const { return arrays_[array].descriptor(); }
    const NetworkNamespace& initiator() const { return initiator_; }
    const NetworkNamespace& wiring() const { return switch_; } // Where the mirror ports are.
    Outside& outside() { return *outside_; }

private:
    void wire();
    void mirror() const;
    void furnish_initiator() const;
    void furnish_array(std::size_t array) const;

    std::vector<ArrayPlace> places_;
    NetworkNamespace switch_;
    NetworkNamespace initiator_;
    NetworkNamespace outside_network_;
    std::vector<NetworkNamespace> arrays_;
    std::unique_ptr<Outside> outside_;
};

} // namespace drivers::lab
