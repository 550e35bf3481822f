from __future__ import annotations

from kennel.runtimes.process_environment import private_variables, thread_variables


def test_a_process_gets_one_thread_unless_somebody_chose_otherwise():
    assert set(thread_variables({}).values()) == {"1"}
    chosen = thread_variables({"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "2"})
    assert chosen == {
        "OMP_NUM_THREADS": "4",
        "MKL_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "4",
    }


def test_libraries_report_to_nobody_unless_somebody_chose_otherwise():
    assert private_variables({}) == {"ORT_DISABLE_TELEMETRY": "1"}
    assert private_variables({"ORT_DISABLE_TELEMETRY": "0"}) == {"ORT_DISABLE_TELEMETRY": "0"}
