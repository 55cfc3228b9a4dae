// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace drivers::lab {

// A network of its own, held by a descriptor and by nothing else: it has no name, and the kernel
// removes it with everything inside when the last process that knows it ends, however it ends.
class NetworkNamespace {
public:
    NetworkNamespace(); // A new, empty one. Throws HostError.
    ~NetworkNamespace();
    NetworkNamespace(NetworkNamespace&& other) noexcept;
    NetworkNamespace& operator=(NetworkNamespace&&) = delete;
    NetworkNamespace(const NetworkNamespace&) = delete;
    NetworkNamespace& operator=(const NetworkNamespace&) = delete;

    int descriptor() const noexcept { return descriptor_; }

    // On a thread that lives inside for as long as that takes. Throws what `act` throws.
    void run_inside(const std::function<void()>& act) const;

private:
    int descriptor_ = -1;
};

// The calling thread, and those that it starts, inside a network until this ends.
class Visit {
public:
    explicit Visit(int descriptor); // Throws HostError.
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    int home_ = -1;
};

// Whether this process may make networks; where it may not as it is, it becomes the root of a user
// namespace of its own, which only a process with a single thread can. Returns why not; empty = it
// may.
std::string gain_network_rights();

} // namespace drivers::lab
