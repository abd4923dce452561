/* Sections of ck_epoch behind the calls of a shared library, for sections.c. */
#include <ck_epoch.h>

void ck_section_start(void);
void ck_section_begin(void);
void ck_section_end(void);

static ck_epoch_t domain;
static _Thread_local ck_epoch_record_t record;

void ck_section_start(void)
{
    ck_epoch_init(&domain);
    ck_epoch_register(&domain, &record, NULL);
}

void ck_section_begin(void)
{
    ck_epoch_begin(&record, NULL);
}

void ck_section_end(void)
{
    ck_epoch_end(&record, NULL);
}
