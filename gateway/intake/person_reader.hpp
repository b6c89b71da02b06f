// Fetches one person: the Patient, the history of the types that trials read, what these refer to, and whether what we keep still exists.
// Everything that comes is journaled at once; who calls ends it with arrival::hydrated.
#pragma once

#include "gateway/intake/page_walker.hpp"

namespace trialgate::gateway::pull {

/// One run over one person. Not reused.
class person_reader {
public:
    /// `attempt`: of the job, from 0. From the third on, an answer that the server calls incomplete is taken.
    person_reader(intake_services& services, source_state& source, second_look& looks, std::uint32_t attempt)
        : services_(services), source_(source), looks_(looks), attempt_(attempt) {}

    /// `key` is "Patient/p1". False: not all could be had, come again after `wait()`; all that is journaled is journaled again then.
    boost::asio::awaitable<bool> read(std::string key);
    /// Keys of the Patients that `key`, "identifier:system|value", names.
    boost::asio::awaitable<bool> find(std::string key, std::vector<std::string>& found);
    duration_ms wait() const noexcept { return wait_; }
    /// Other records of this person (Patient.link), as keys.
    const std::vector<std::string>& others() const noexcept { return others_; }

private:
    enum class patient_state : std::uint8_t { there, gone, later };
    boost::asio::awaitable<patient_state> patient();
    boost::asio::awaitable<bool> list(std::string type);
    boost::asio::awaitable<step> list_once(std::string type, page_walker& walker, bool& whole);
    boost::asio::awaitable<bool> definitions();
    boost::asio::awaitable<bool> vanished();
    bool later(duration_ms retry_after);
    void tell_of_participants(bool there);
    void see(fhir::json::value resource);
    void refers_to(fhir::json::value reference, std::string_view type);
    std::string query_of(const std::string& type) const;
    void complain(const std::string& type, std::string_view what, std::string_view text);

    intake_services& services_;
    source_state& source_;
    second_look& looks_;
    std::uint32_t attempt_;
    std::string key_, id_;
    duration_ms wait_ = 0;
    std::vector<std::string> others_;
    std::set<std::string, std::less<>> seen_;    ///< "Type/id" that came
    std::set<std::string, std::less<>> wanted_;  ///< Medication, Specimen, ResearchStudy that were referred to
    std::set<std::string, std::less<>> whole_;   ///< types of which everything came
};

} // namespace trialgate::gateway::pull
