from tests import factories
from tests.fakes.mail import Letters
from triage.db.tables import Topic


def test_a_site_has_a_database_with_the_schema_and_a_standing_clock(site):
    with site.db.write() as session:
        key = factories.topic(session).key
    with site.db.read() as session:
        assert [row.key for row in session.query(Topic)] == [key]
    assert site.now() == site.now()
    assert isinstance(site.mail, Letters)


def test_databases_are_empty_at_the_start(session):
    assert session.query(Topic).count() == 0


def test_topics_count_their_feedback(session):
    row = factories.topic(session, feedback=["one", "two"])
    assert (row.reports, row.people) == (2, 2)
    assert factories.filed(session, row.project, "7").issue.number == "7"
