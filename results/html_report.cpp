// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/sinks.h"
#include "results/text/human.h"
#include "results/view.h"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

namespace results {

namespace {

// What the page's policy allows is this one script by its hash: nothing that an array said can run.
std::string script_hash() {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    const char* script = html::script();
    SHA256(reinterpret_cast<const unsigned char*>(script), std::strlen(script), digest.data());
    std::array<unsigned char, 64> text{};
    EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return reinterpret_cast<const char*>(text.data());
}

std::string head(const RunRecord& run) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action "
        "'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">\n"
        "<title>{}{}: {}</title>\n<style>{}</style></head>\n",
        script_hash(),
        view::any_emulated(run) ? "EMULATED " : "",
        html::esc(run.plan_name),
        html::esc(answer(run).sentence),
        html::style());
}

struct Part {
    const char* id;
    const char* name;
    std::string body;
};

std::string navigation(const std::vector<Part>& parts) {
    std::string out;
    for (const Part& part : parts) {
        if (!part.body.empty()) {
            out += fmt::format("<a href=\"#{}\">{}</a>", part.id, part.name);
        }
    }
    return out;
}

std::string footer(const RunRecord& run) {
    return fmt::format(
        "<footer><p>Run {}, seed {}, plan SHA-256 <code>{}</code>. Every number here "
        "can be recomputed from the run's folder: <code>arraybench verify</code>."
        "</p></footer>\n",
        html::said(run.id),
        run.seed,
        html::said(run.plan_sha256));
}

} // namespace

std::string html_report(const RunRecord& run) {
    const std::vector<Part> parts = {
        {"answer", "Answer", html::answer_section(run)},
        {"capacity", "Capacity", html::capacity_section(run)},
        {"percentiles", "Response time", html::percentile_section(run)},
        {"load", "Against load", html::load_section(run)},
        {"time", "Over time", html::time_section(run)},
        {"faults", "Faults", html::fault_section(run)},
        {"platform", "Platform", html::platform_section(run)},
        {"audit", "Audit", html::audit_section(run)},
        {"integrity", "Integrity", html::integrity_section(run)},
        {"egress", "Egress", html::egress_section(run)},
        {"differences", "Differences", html::difference_section(run)},
        {"evidence", "Evidence", html::evidence_section(run)},
        {"words", "Words", html::words_section()}};
    const char* mark = view::any_emulated(run) ? "<span class=\"emulated\">EMULATED</span>" : "";
    std::string out =
        head(run) +
        fmt::format("<body>\n<div class=\"print-mark\">{0}</div>\n<div class=\"bar\"><div>"
                    "<b>arraybench</b>{0}<nav aria-label=\"Sections\">{1}</nav>"
                    "<button id=\"theme\" type=\"button\" aria-label=\"Light or dark\" "
                    "title=\"Light or dark\">\xE2\x97\x90</button></div></div>\n<main>\n",
                    mark,
                    navigation(parts));
    for (const Part& part : parts) {
        out += part.body;
    }
    return out + "</main>\n" + footer(run) + "<script>" + html::script() +
           "</script></body></html>\n";
}

} // namespace results
