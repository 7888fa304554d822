/*
 * bare URL BODY N: N POSTs over one libcurl handle, answers thrown away: the limit that a client over libcurl can reach.
 * The header fields come from BOSA_API_KEY and BOSA_TOKEN. Prints "requests/s cpu_us_per_request".
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static size_t drop(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct curl_slist *fields(void)
{
    char line[1024];
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(line, sizeof line, "X-API-Key: %s", getenv("BOSA_API_KEY"));
    list = curl_slist_append(list, line);
    snprintf(line, sizeof line, "Authorization: Bearer %s", getenv("BOSA_TOKEN"));
    return curl_slist_append(list, line);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bare URL BODY N\n");
        return 2;
    }
    long n = atol(argv[3]);
    CURL *easy = curl_easy_init();
    struct curl_slist *list = fields();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, argv[2]);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    double begun = now(), used = cpu();
    for (long i = 0; i < n; i++) {
        if (curl_easy_perform(easy) != CURLE_OK) {
            fprintf(stderr, "a request failed\n");
            return 1;
        }
    }
    printf("%.1f %.2f\n", (double)n / (now() - begun), (cpu() - used) * 1e6 / (double)n);
    curl_slist_free_all(list);
    curl_easy_cleanup(easy);
    return 0;
}
